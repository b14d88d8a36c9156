import { formatPlatform, formatSize, type Platform } from '../../core/index.ts';
import type { ImageComparison, PackageChange, PathChange } from '../../image/analysis/index.ts';
import { printable, renderTable } from './table.ts';

export interface ComparisonOptions {
  readonly labels: readonly [string, string];
  readonly platforms: readonly Platform[];
  readonly most: number;
}

/** What grew and what shrank from one image to another, by path and by package. */
export function renderComparison(
  comparison: ImageComparison,
  { labels, platforms, most }: ComparisonOptions,
): string {
  const { before, after, paths, packages } = comparison;
  const [one, other] = labels.map(printable);
  const title = `${one} → ${other}: ${formatSize(before)} → ${formatSize(after)} (${signed(after - before)})\n`;
  const [was, is] = platforms.map(formatPlatform);
  const note = was === is ? '' : `another platform: ${printable(`${was} → ${is}`)}\n`;
  const same = paths.length + packages.length === 0 ? 'nothing grew and nothing shrank\n' : '';
  return [title + note + same, renderPaths(paths), renderPackages(packages, most)]
    .filter((section) => section !== '')
    .join('\n');
}

function renderPaths(paths: readonly PathChange[]): string {
  if (paths.length === 0) return '';
  const rows = paths.map(({ path, isRest, before, after }) => [
    signed(after - before),
    formatSize(before),
    formatSize(after),
    isRest ? `${path} (the rest of it)` : path,
  ]);
  return renderTable(['CHANGE', 'BEFORE', 'AFTER', 'PATH'], rows);
}

function renderPackages(packages: readonly PackageChange[], most: number): string {
  if (packages.length === 0) return '';
  const rows = packages
    .slice(0, most)
    .map(({ kind, name, before, after, beforeBytes, afterBytes }) => [
      signed(afterBytes - beforeBytes),
      kind,
      name,
      before.join(' ') || '-',
      after.join(' ') || '-',
    ]);
  const rest = packages.length - rows.length;
  const table = renderTable(['CHANGE', 'KIND', 'PACKAGE', 'BEFORE', 'AFTER'], rows);
  return table + (rest > 0 ? `and ${rest} more\n` : '');
}

function signed(sizeBytes: number): string {
  if (sizeBytes === 0) return '0B';
  return `${sizeBytes > 0 ? '+' : '-'}${formatSize(Math.abs(sizeBytes))}`;
}
