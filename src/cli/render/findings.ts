import { formatSize } from '../../core/index.ts';
import type { ImageAnalysis, LeftCache, RiskyFile, Waste } from '../../image/analysis/index.ts';
import { adviceOnCache } from '../analyze/advice.ts';
import { attributeWaste, type LayerLines, placeName } from '../analyze/attribution.ts';
import { printable, renderTable } from './table.ts';

export interface FindingsOptions {
  /** Items of each list. */
  readonly most: number;
  readonly columns: number;
  /** By layer, when a Dockerfile is at hand. */
  readonly lines: LayerLines;
}

/** Who caused the waste, who undid it, and what would save it. */
export function renderWaste(analysis: ImageAnalysis, options: FindingsOptions): string {
  const { lines, columns } = options;
  const found = attributeWaste(analysis, lines);
  if (found.length === 0) return '';
  const shown = found.slice(0, Math.ceil(options.most / 2));
  const items = shown.map(({ waste, brought, undone, advice }) => {
    const [broughtAt, undoneAt] = [brought, undone].map(({ layer }) => placeName(layer, lines));
    return [
      `${formatSize(waste.sizeBytes)} in ${files(waste.files)}`,
      `    ${clip(`${broughtAt}: ${brought.instruction}`, columns - 4)}`,
      `    ${verbs[waste.kind]} by ${clip(`${undoneAt}: ${undone.instruction}`, columns - 24)}`,
      `    e.g. ${clip(waste.examples.map(({ path }) => path).join(' '), columns - 9)}`,
      `    to save it: ${printable(advice)}`,
    ].join('\n');
  });
  const rest = found.length - shown.length;
  if (rest > 0) items.push(`and ${rest} smaller ones`);
  const sizeBytes = found.reduce((sum, { waste }) => sum + waste.sizeBytes, 0);
  return `WHERE BYTES ARE WASTED: ${formatSize(sizeBytes)} in all\n${items.join('\n')}\n`;
}

const verbs: Record<Waste['kind'], string> = {
  removed: 'removed',
  rewritten: 'overwritten',
  reowned: 'copied for another owner or mode',
  repeated: 'brought again, unchanged,',
};

export function renderCaches(
  caches: readonly LeftCache[],
  { most, lines }: FindingsOptions,
): string {
  if (caches.length === 0) return '';
  const items = caches.slice(0, most).map((cache) => {
    const what = `${formatSize(cache.sizeBytes)} of ${cache.manager} in ${cache.path}`;
    return `${what}\n    ${adviceOnCache(cache, placeName(cache.layer, lines))}\n`;
  });
  return `PACKAGE CACHES LEFT BEHIND\n${items.join('')}`;
}

export function renderDuplicates(
  { duplicates }: Pick<ImageAnalysis, 'duplicates'>,
  { most, lines }: FindingsOptions,
): string {
  if (duplicates.length === 0) return '';
  const shown = duplicates.slice(0, most);
  const rows = shown.map(({ wastedBytes, count, files: same }) => [
    formatSize(wastedBytes),
    String(count),
    same
      .slice(0, 3)
      .map(({ path, layer }) => `${path} (${placeName(layer, lines)})`)
      .join(', ') + (count > 3 ? ', …' : ''),
  ]);
  const rest = duplicates.length - shown.length;
  const table = renderTable(['WASTED', 'COPIES', 'FILES OF ONE CONTENT'], rows);
  return table + (rest > 0 ? `and ${rest} more\n` : '');
}

export function renderSecrets(
  { inventory, configSecrets }: Pick<ImageAnalysis, 'inventory' | 'configSecrets'>,
  { most, lines }: FindingsOptions,
): string {
  const rows = inventory.secrets.map(({ kind, path, layer, hiddenBy }) => [
    kind,
    path,
    placeName(layer, lines) +
      (hiddenBy === undefined
        ? ''
        : `, gone with ${placeName(hiddenBy, lines)} but still readable`),
  ]);
  rows.push(...configSecrets.map(({ kind, where }) => [kind, where, 'configuration']));
  if (rows.length === 0) return '';
  const rest = rows.length - most;
  const table = renderTable(['SECRET', 'PATH', 'FROM'], rows.slice(0, most));
  return table + (rest > 0 ? `and ${rest} more\n` : '');
}

export function renderRisks(risks: readonly RiskyFile[], { most, lines }: FindingsOptions): string {
  if (risks.length === 0) return '';
  const rows = risks.map((file) => [
    file.kind === 'setid' ? 'setuid/setgid' : 'world-writable',
    file.mode.toString(8).padStart(4, '0'),
    `${file.uid}:${file.gid}`,
    placeName(file.layer, lines),
    file.path,
  ]);
  const rest = rows.length - most;
  const table = renderTable(['RISK', 'MODE', 'OWNER', 'FROM', 'PATH'], rows.slice(0, most));
  return table + (rest > 0 ? `and ${rest} more\n` : '');
}

export function renderPackages({ inventory }: Pick<ImageAnalysis, 'inventory'>): string {
  const byKind = Object.entries(Object.groupBy(inventory.packages, (one) => one.kind));
  const counts = byKind.map(([kind, list]) => `${list.length} ${kind}`);
  const name = inventory.osRelease.get('PRETTY_NAME');
  const unread = inventory.unread.map(
    ({ path }) => `${printable(path)} could not be read: its packages are not known\n`,
  );
  const found = `packages: ${counts.join(', ')}${name ? printable(` (${name})`) : ''}\n`;
  return (counts.length === 0 ? '' : found) + unread.join('');
}

function files(count: number): string {
  return `${count} file${count === 1 ? '' : 's'}`;
}

function clip(text: string, columns: number): string {
  const shown = printable(text);
  const most = Math.max(40, columns);
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
}
