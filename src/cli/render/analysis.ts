import { formatSize } from '../../core/index.ts';
import type { AnalyzedLayer, Efficiency, ImageAnalysis } from '../../image/index.ts';
import type { RuleResult } from '../analyze/ci-rules.ts';
import { instructionOf } from '../analyze/layer-command.ts';
import { printable, renderTable } from './table.ts';

export interface ReportOptions {
  readonly label: string;
  /** Wasteful files to list. */
  readonly most: number;
  /** Columns to cut a layer's command at. */
  readonly columns: number;
}

/** The report for people: layers, what each does, and what is wasted. */
export function renderAnalysis(analysis: ImageAnalysis, options: ReportOptions): string {
  const { config, layers, efficiency } = analysis;
  const platform = [config.os, config.architecture, config.variant].filter(Boolean).join('/');
  const count = `${layers.length} layer${layers.length === 1 ? '' : 's'}`;
  return [
    `${printable(`${options.label}: ${platform}`)}, ${count}, ${formatSize(efficiency.sizeBytes)}\n`,
    renderLayers(layers, options.columns),
    renderEfficiency(efficiency),
    renderRepeated(efficiency, options.most),
  ].join('\n');
}

function renderLayers(layers: readonly AnalyzedLayer[], columns: number): string {
  const rows = layers.map((layer) => {
    const { added, changed, unchanged, removed } = layer.changes;
    return [
      String(layer.index),
      formatSize(layer.sizeBytes),
      some('+', added),
      some('~', changed),
      some('=', unchanged),
      some('-', removed),
      cut(instructionOf(layer), Math.max(20, columns - 62)),
    ];
  });
  const head = ['LAYER', 'SIZE', 'ADDED', 'CHANGED', 'SAME', 'REMOVED', 'COMMAND'];
  return renderTable(head, rows);
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
