import { formatSize } from '../../core/index.ts';
import type { AnalyzedLayer, Efficiency, ImageAnalysis } from '../../image/analysis/index.ts';
import type { RuleResult } from '../analyze/ci-rules.ts';
import { instructionOf } from '../analyze/layer-command.ts';
import {
  type FindingsOptions,
  renderCaches,
  renderDuplicates,
  renderPackages,
  renderRisks,
  renderSecrets,
  renderWaste,
} from './findings.ts';
import { printable, renderTable } from './table.ts';

export interface ReportOptions extends FindingsOptions {
  readonly label: string;
}

/** The report for people: layers, what each does, what is wasted, and what deserves a look. */
export function renderAnalysis(analysis: ImageAnalysis, options: ReportOptions): string {
  const { config, layers, efficiency } = analysis;
  const platform = [config.os, config.architecture, config.variant].filter(Boolean).join('/');
  const count = `${layers.length} layer${layers.length === 1 ? '' : 's'}`;
  const title = `${printable(`${options.label}: ${platform}`)}, ${count}, ${formatSize(efficiency.sizeBytes)}\n`;
  return [
    title + renderPackages(analysis),
    renderLayers(layers, options),
    renderEfficiency(efficiency),
    renderRepeated(efficiency, options.most),
    renderWaste(analysis, options),
    renderCaches(analysis.caches, options),
    renderDuplicates(analysis, options),
    renderSecrets(analysis, options),
    renderRisks(analysis.risks, options),
  ]
    .filter((section) => section !== '')
    .join('\n');
}

function renderLayers(layers: readonly AnalyzedLayer[], options: ReportOptions): string {
  const { lines, columns } = options;
  const rows = layers.map((layer) => {
    const { added, changed, unchanged, removed } = layer.changes;
    const line = lines?.[layer.index];
    return [
      String(layer.index),
      ...(lines ? [line ? String(line.line) : ''] : []),
      formatSize(layer.sizeBytes),
      some('+', added),
      some('~', changed),
      some('=', unchanged),
      some('-', removed),
      cut(line?.text ?? instructionOf(layer), Math.max(20, columns - 62)),
    ];
  });
  const counts = ['SIZE', 'ADDED', 'CHANGED', 'SAME', 'REMOVED', 'COMMAND'];
  return renderTable(['LAYER', ...(lines ? ['LINE'] : []), ...counts], rows);
}

function some(sign: string, count: number): string {
  return count === 0 ? '' : `${sign}${count}`;
}

function cut(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}

function renderEfficiency({ score, wastedBytes, userWastedShare }: Efficiency): string {
  const share = Number.isFinite(userWastedShare)
    ? `, ${percent(userWastedShare)} of what lies on the first layer`
    : '';
  return `efficiency ${percent(score)}, wasted ${formatSize(wastedBytes)}${share}\n`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function renderRepeated({ repeated }: Efficiency, most: number): string {
  const wasteful = repeated.filter(({ sizeBytes }) => sizeBytes > 0);
  if (wasteful.length === 0) return 'no file is wasted\n';
  const rows = wasteful
    .slice(0, most)
    .map(({ count, sizeBytes, path }) => [String(count), formatSize(sizeBytes), path]);
  const rest = wasteful.length - rows.length;
  return renderTable(['COUNT', 'WASTED', 'PATH'], rows) + (rest > 0 ? `and ${rest} more\n` : '');
}

/** The verdicts in dive's form, for a machine that reads along. */
export function renderVerdict(efficiency: Efficiency, results: readonly RuleResult[]): string {
  const { score, wastedBytes, userWastedShare, repeated } = efficiency;
  const share = Number.isFinite(userWastedShare) ? userWastedShare : 0;
  const lines = [
    `  efficiency: ${(score * 100).toFixed(4)} %`,
    `  wastedBytes: ${wastedBytes} bytes (${formatSize(wastedBytes)})`,
    `  userWastedPercent: ${(share * 100).toFixed(4)} %`,
    'Inefficient Files:',
    'Count  Wasted Space  File Path',
    ...(repeated.length === 0 ? ['None'] : []),
    ...repeated.map(({ count, sizeBytes, path }) => {
      const cells = [String(count).padStart(5), formatSize(sizeBytes).padStart(12)];
      return `${cells.join('  ')}  ${printable(path)}`;
    }),
    'Results:',
    ...results.map(({ status, rule, message }) =>
      message === '' ? `  ${status}: ${rule}` : `  ${status}: ${rule}: ${message}`,
    ),
  ];
  const of = (status: RuleResult['status']) =>
    results.filter((result) => result.status === status).length;
  const verdict = of('FAIL') > 0 ? 'FAIL' : 'PASS';
  lines.push(
    `Result:${verdict} [Total:${results.length}] [Passed:${of('PASS')}] [Failed:${of('FAIL')}] [Warn:0] [Skipped:${of('SKIP')}]`,
  );
  return `${lines.join('\n')}\n`;
}
