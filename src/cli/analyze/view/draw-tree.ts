import { formatSize } from '../../../core/index.ts';
import type { DiffKind } from '../../../image/analysis/index.ts';
import { fitLine, type Span, type Style, wrapLine } from './styled-text.ts';
import type { ViewState } from './view-state.ts';

const styleOfKind: Record<DiffKind, readonly Style[]> = {
  absent: [],
  unmodified: [],
  modified: ['yellow'],
  added: ['green'],
  removed: ['red'],
};

/** Below that, attributes would leave no room for names; dive too leaves them out there. */
const leastForAttributes = 60;

/** The tree's pane; only the rows on the screen are looked at. */
export function drawTree(state: ViewState, columns: number, height: number): string[] {
  const isFocused = state.focus === 'tree';
  const title = state.aggregate ? 'Contents, all changes' : 'Contents of the layer';
  const head = hasAttributes(state, columns)
    ? 'Permission     UID:GID    Size  Path'
    : '   Size  Path';
  const rule = '─'.repeat(columns);
  const lines = [
    fitLine(
      [
        { text: '─ ' },
        { text: title, styles: isFocused ? ['bold', 'cyan'] : ['bold'] },
        { text: ` ${rule}` },
      ],
      columns,
    ),
    fitLine([{ text: head, styles: ['bold'] }], columns),
  ];
  const room = Math.max(1, height - lines.length);
  scrollTo(state, columns, room);
  for (let row = state.top; row < state.rows.length && lines.length < height; row++) {
    lines.push(...drawRow(state, row, columns).slice(0, height - lines.length));
  }
  if (state.rows.length === 0) lines.push(fitLine([{ text: '  nothing to show' }], columns));
  while (lines.length < height) lines.push(' '.repeat(columns));
  return lines;
}

function hasAttributes({ showAttributes }: ViewState, columns: number): boolean {
  return showAttributes && columns >= leastForAttributes;
}

/** Moves the window over the rows as little as the cursor needs. */
function scrollTo(state: ViewState, columns: number, room: number): void {
  state.treeHeight = room;
  if (state.cursor < state.top) state.top = state.cursor;
  if (state.cursor >= state.top + room) state.top = state.cursor - room + 1;
  state.top = Math.max(0, Math.min(state.top, state.rows.length - room));
  if (!state.wrap) return;
  // Wrapped rows are higher than one line: as many leave at the top as it takes to see the cursor.
  let used = 0;
  for (let row = state.cursor; row >= state.top; row--) {
    used += drawRow(state, row, columns).length;
    if (used > room && row < state.cursor) {
      state.top = row + 1;
      return;
    }
  }
}

/** The lines of one row: a single one unless long rows are wrapped. */
function drawRow(state: ViewState, row: number, columns: number): string[] {
  const { analysis, order, diff } = state;
  const { tree } = analysis;
  const position = state.rows[row]!;
  const path = order.paths[position]!;
  const { layer, node } = diff.nodeOf(path);
  const from = tree.layers[layer]!.tree;
  const hasChildren = tree.firstChild[path]! >= 0 && from.isDirectory(node);
  const fold = hasChildren ? (state.folded[path] ? '▸ ' : '▾ ') : '  ';
  const link = from.linkOf(node);
  const name = `${tree.paths.nameOf(path)}${link === '' ? '' : ` → ${link}`}`;
  const size = formatSize(diff.sizeOf(path)).padStart(7);
  const owner = `${from.uidOf(node)}:${from.gidOf(node)}`.padStart(11);
  const attributes = hasAttributes(state, columns)
    ? `${permissions(from.modeOf(node), from.kindOf(node))} ${owner} ${size}  `
    : `${size}  `;
  const indent = '  '.repeat(Math.min(order.depths[position]!, columns));
  const styles = styleOfKind[diff.kindOf(path)];
  const isSelected = row === state.cursor && state.focus !== 'layers';
  const spans: Span[] = [
    { text: attributes, styles: isSelected ? ['reverse'] : ['faint'] },
    {
      text: state.wrap ? `${indent}${fold}${name}` : `${indent}${fold}${name}`.padEnd(columns),
      styles: isSelected ? [...styles, 'reverse'] : styles,
    },
  ];
  return state.wrap ? wrapLine(spans, columns) : [fitLine(spans, columns)];
}

/** As `ls -l` writes them. */
function permissions(mode: number, kind: string): string {
  const types: Record<string, string> = {
    directory: 'd',
    implied: 'd',
    symlink: 'l',
    'character-device': 'c',
    'block-device': 'b',
    fifo: 'p',
  };
  const triple = (bits: number, special: boolean, letter: string) => {
    const execute = bits & 1 ? (special ? letter : 'x') : special ? letter.toUpperCase() : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${execute}`;
  };
  return [
    types[kind] ?? '-',
    triple(mode >> 6, (mode & 0o4000) !== 0, 's'),
    triple(mode >> 3, (mode & 0o2000) !== 0, 's'),
    triple(mode, (mode & 0o1000) !== 0, 't'),
  ].join('');
}
