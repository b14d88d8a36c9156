import { formatSize } from '../../../core/index.ts';
import { percent } from '../../render/analysis.ts';
import { placeName } from '../attribution.ts';
import { instructionOf } from '../layer-command.ts';
import { drawTree } from './draw-tree.ts';
import type { Key } from './keys.ts';
import { fitLine, type Span, styled } from './styled-text.ts';
import type { ActionName } from './view-settings.ts';
import { settle, type ViewState } from './view-state.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** The screen as lines, each as wide as it is; also settles which rows of the tree are on it. */
export function drawView(state: ViewState, { columns, rows }: ScreenSize): string[] {
  settle(state);
  const treeWidth = Math.max(20, Math.floor(columns * state.settings.paneWidth));
  const leftWidth = Math.max(10, columns - treeWidth - 1);
  const height = Math.max(1, rows - 1);
  const left = drawLeft(state, leftWidth, height);
  const right = drawTree(state, Math.max(1, columns - leftWidth - 1), height);
  const lines = Array.from({ length: height }, (_, row) => {
    const blank = ' '.repeat(leftWidth);
    return `${left[row] ?? blank}${styled('│', ['faint'])}${right[row] ?? ''}`;
  });
  return [...lines, drawStatus(state, columns)];
}

function drawLeft(state: ViewState, columns: number, height: number): string[] {
  const details = [...drawDetails(state, columns), ...drawImage(state, columns)];
  const room = Math.max(4, height - details.length);
  const lines = drawLayers(state, columns, room);
  while (lines.length < room && lines.length + details.length < height) {
    lines.push(' '.repeat(columns));
  }
  return [...lines, ...details].slice(0, height);
}

function heading(text: string, isFocused: boolean, columns: number): string {
  const rule = '─'.repeat(Math.max(0, columns - text.length - 4));
  const styles = isFocused ? (['bold', 'cyan'] as const) : (['bold'] as const);
  return fitLine([{ text: '─ ' }, { text, styles }, { text: ` ─${rule}` }], columns);
}

function drawLayers(state: ViewState, columns: number, height: number): string[] {
  const { layers } = state.analysis;
  const title = state.aggregate ? 'Layers (all changes up to it)' : 'Layers';
  const lines = [heading(title, state.focus === 'layers', columns)];
  const hasLines = state.lines !== undefined;
  lines.push(
    fitLine([{ text: `    Size  ${hasLines ? 'Line  ' : ''}Command`, styles: ['bold'] }], columns),
  );
  const room = Math.max(1, height - lines.length);
  const first = Math.max(0, Math.min(state.layer - room + 1, layers.length - room));
  for (let index = Math.max(0, first); index < layers.length && lines.length < height; index++) {
    const layer = layers[index]!;
    const line = state.lines?.[index];
    const compared = isCompared(state, index);
    const number = hasLines ? `${(line ? String(line.line) : '').padStart(4)}  ` : '';
    const text = `${formatSize(layer.sizeBytes).padStart(7)}  ${number}${line?.text ?? instructionOf(layer)}`;
    const styles = index === state.layer ? (['reverse'] as const) : [];
    const mark: Span = { text: compared ? '▌' : ' ', styles: ['cyan'] };
    lines.push(fitLine([mark, { text: text.padEnd(columns), styles }], columns));
  }
  return lines;
}

/** Whether the layer's changes are among those shown. */
function isCompared({ layer, aggregate }: ViewState, index: number): boolean {
  return aggregate ? index <= layer && (index > 0 || layer === 0) : index === layer;
}

function drawDetails(state: ViewState, columns: number): string[] {
  const layer = state.analysis.layers[state.layer];
  if (!layer) return [];
  const { added, changed, unchanged, removed } = layer.changes;
  const counts = `${added} added, ${changed} changed, ${unchanged} the same, ${removed} removed`;
  const command = state.lines?.[layer.index]?.text ?? instructionOf(layer);
  const room = Math.max(10, columns - 2);
  const pieces = command.match(new RegExp(`.{1,${room}}`, 'gsu')) ?? [];
  const texts = [
    `Digest:  ${layer.digest}`,
    `Stored:  ${formatSize(layer.storedBytes)}`,
    `Files:   ${columns < 60 ? `+${added} ~${changed} =${unchanged} -${removed}` : counts}`,
    'Command:',
    ...pieces.slice(0, 4).map((piece) => `  ${piece}`),
  ];
  return [
    heading(`Layer ${layer.index} details`, false, columns),
    ...texts.map((text) => fitLine([{ text }], columns)),
  ];
}

function drawImage(state: ViewState, columns: number): string[] {
  const { efficiency, inventory, waste } = state.analysis;
  const wasteful = efficiency.repeated.filter(({ sizeBytes }) => sizeBytes > 0).slice(0, 5);
  const texts = [
    `Image:   ${state.label}`,
    `Size:    ${formatSize(efficiency.sizeBytes)} in files; packages: ${inventory.packages.length}`,
    `Wasted:  ${formatSize(efficiency.wastedBytes)}`,
    `Score:   ${percent(efficiency.score)}`,
    ...(inventory.secrets.length > 0 ? [`Secrets: ${inventory.secrets.length}`] : []),
    ...waste.slice(0, 3).map((one) => {
      const [by, at] = [
        placeName(one.broughtBy, state.lines),
        placeName(one.undoneBy, state.lines),
      ];
      return `  ${formatSize(one.sizeBytes).padStart(7)} of ${by} ${one.kind} by ${at}`;
    }),
    ...wasteful.map(
      ({ count, sizeBytes, path }) => `  ${formatSize(sizeBytes).padStart(7)} ${count}× ${path}`,
    ),
  ];
  return [
    heading('Image details', false, columns),
    ...texts.map((text) => fitLine([{ text }], columns)),
  ];
}

function drawStatus(state: ViewState, columns: number): string {
  if (state.focus === 'filter') {
    return fitLine(
      [{ text: 'Path filter: ', styles: ['bold'] }, { text: `${state.filter}▏` }],
      columns,
    );
  }
  if (state.message !== '') {
    return fitLine([{ text: ` ${state.message}`, styles: ['reverse'] }], columns);
  }
  const hint = (action: ActionName, text: string, isOn = false): Span[] => {
    const key = state.settings.bindings[action][0];
    if (key === undefined) return [];
    return [
      { text: ` ${shownKey(key)}`, styles: ['bold'] },
      { text: ` ${text} `, styles: isOn ? ['reverse'] : [] },
    ];
  };
  const kinds = (['added', 'removed', 'modified', 'unmodified'] as const).flatMap((kind) =>
    hint(`toggle-${kind}-files`, kind, !state.hidden.has(kind)),
  );
  const own =
    state.focus === 'layers'
      ? [
          ...hint('compare-layer', 'this layer', !state.aggregate),
          ...hint('compare-all', 'all changes', state.aggregate),
        ]
      : [
          ...hint('toggle-collapse-dir', 'fold'),
          ...hint('toggle-collapse-all-dir', 'fold all'),
          ...kinds,
          ...hint('toggle-sort-order', `by ${state.sort}`),
          ...hint('toggle-filetree-attributes', 'attributes', state.showAttributes),
          ...hint('toggle-wrap-tree', 'wrap', state.wrap),
          ...hint('extract-file', 'extract'),
        ];
  const filter = state.filter === '' ? 'filter' : `filter: ${state.filter}`;
  return fitLine(
    [
      ...hint('quit', 'quit'),
      ...hint('toggle-view', 'switch'),
      ...hint('filter-files', filter, state.filter !== ''),
      ...own,
    ],
    columns,
  );
}

function shownKey(key: Key): string {
  return key
    .replace(/^ctrl\+/, '^')
    .replace(/^\^([a-z])$/, (_, letter) => `^${letter.toUpperCase()}`);
}
