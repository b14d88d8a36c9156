import {
  type DiffKind,
  type ImageAnalysis,
  type LayerDiff,
  layerDiff,
} from '../../../image/analysis/index.ts';
import type { DockerfileLine } from '../dockerfile-lines.ts';
import type { Key } from './keys.ts';
import { type SortOrder, type TreeOrder, treeOrder, visibleRows } from './tree-rows.ts';
import type { ActionName, ViewSettings } from './view-settings.ts';

/** All that the screen shows, and what keys change. */
export interface ViewState {
  readonly analysis: ImageAnalysis;
  readonly label: string;
  readonly lines: readonly (DockerfileLine | undefined)[] | undefined;
  readonly settings: ViewSettings;
  focus: 'layers' | 'tree' | 'filter';
  layer: number;
  /** Whether changes are those of this layer alone or of all up to it. */
  aggregate: boolean;
  sort: SortOrder;
  readonly hidden: Set<DiffKind>;
  showAttributes: boolean;
  filter: string;
  /** The last filter that was a regular expression. */
  pattern: RegExp | undefined;
  readonly folded: Uint8Array;
  diff: LayerDiff;
  order: TreeOrder;
  /** Positions in `order`. */
  rows: Uint32Array;
  /** Index into `rows` of the cursor and of the first row on the screen. */
  cursor: number;
  top: number;
  /** Rows the tree has on the screen, which a page is. */
  treeHeight: number;
  /** What has to be reckoned anew before the tree is looked at: its rows, or the changes too. */
  stale: 'nothing' | 'rows' | 'diff';
  /** Whether long rows go on in the next line, in place of being cut. */
  wrap: boolean;
  /** The path to be written to the working directory, until that is begun. */
  extract: number | undefined;
  /** What is to be told in the last line until the next key. */
  message: string;
  quit: boolean;
}

export function viewState(
  analysis: ImageAnalysis,
  options: { label: string; lines: ViewState['lines']; settings: ViewSettings },
): ViewState {
  const { settings } = options;
  const diff = diffOf(analysis, 0, settings.aggregate);
  const order = treeOrder(analysis.tree, 'name', diff);
  const state: ViewState = {
    analysis,
    ...options,
    focus: 'layers',
    layer: 0,
    aggregate: settings.aggregate,
    sort: 'name',
    hidden: new Set(settings.hidden),
    showAttributes: settings.showAttributes,
    filter: '',
    pattern: undefined,
    folded: new Uint8Array(analysis.tree.paths.count).fill(settings.collapsed ? 1 : 0),
    diff,
    order,
    rows: new Uint32Array(),
    cursor: 0,
    top: 0,
    treeHeight: 10,
    stale: 'rows',
    wrap: false,
    extract: undefined,
    message: '',
    quit: false,
  };
  settle(state);
  return state;
}

/** Changes the state as a key asks for. */
export function pressKey(state: ViewState, key: Key): void {
  state.message = '';
  if (key === 'ctrl+c') state.quit = true;
  else if (state.focus === 'filter') typeFilter(state, key);
  else {
    const action = actionFor(state, key);
    if (!action) return;
    if (state.focus === 'tree') settle(state);
    actions[action](state);
  }
}

/** Brings diff and rows up to date, which is not done for each of many keys that come at once. */
export function settle(state: ViewState): void {
  if (state.stale === 'diff') refreshDiff(state);
  if (state.stale !== 'nothing') refreshRows(state);
  state.stale = 'nothing';
}

/** One key may mean different things in the two panes, as ctrl+a does. */
function actionFor({ settings, focus }: ViewState, key: Key): ActionName | undefined {
  const own = focus === 'tree' ? treeActions : layerActions;
  const names = [...own, ...commonActions];
  return names.find((name) => settings.bindings[name].includes(key));
}

const commonActions: readonly ActionName[] = [
  'quit',
  'toggle-view',
  'filter-files',
  'close-filter-files',
  'up',
  'down',
  'page-up',
  'page-down',
];
const layerActions: readonly ActionName[] = ['compare-all', 'compare-layer'];
const treeActions: readonly ActionName[] = [
  'left',
  'right',
  'toggle-collapse-dir',
  'toggle-collapse-all-dir',
  'toggle-added-files',
  'toggle-removed-files',
  'toggle-modified-files',
  'toggle-unmodified-files',
  'toggle-filetree-attributes',
  'toggle-sort-order',
  'toggle-wrap-tree',
  'extract-file',
];

const actions: Record<ActionName, (state: ViewState) => void> = {
  quit: (state) => {
    state.quit = true;
  },
  'toggle-view': (state) => {
    state.focus = state.focus === 'layers' ? 'tree' : 'layers';
  },
  'filter-files': (state) => {
    state.focus = 'filter';
  },
  'close-filter-files': (state) => setFilter(state, ''),
  up: (state) => move(state, -1),
  down: (state) => move(state, 1),
  'page-up': (state) => move(state, -state.treeHeight),
  'page-down': (state) => move(state, state.treeHeight),
  'compare-all': (state) => compare(state, true),
  'compare-layer': (state) => compare(state, false),
  left: moveToParent,
  right: moveInto,
  'toggle-collapse-dir': (state) => {
    const path = cursorPath(state);
    if (path === undefined) return;
    state.folded[path] = state.folded[path] ? 0 : 1;
    staleRows(state);
  },
  'toggle-collapse-all-dir': (state) => {
    state.folded.fill(state.folded.some((one) => one === 1) ? 0 : 1);
    staleRows(state);
  },
  'toggle-added-files': (state) => toggleKind(state, 'added'),
  'toggle-removed-files': (state) => toggleKind(state, 'removed'),
  'toggle-modified-files': (state) => toggleKind(state, 'modified'),
  'toggle-unmodified-files': (state) => toggleKind(state, 'unmodified'),
  'toggle-filetree-attributes': (state) => {
    state.showAttributes = !state.showAttributes;
  },
  'toggle-sort-order': (state) => {
    state.sort = state.sort === 'name' ? 'size' : 'name';
    state.order = treeOrder(state.analysis.tree, state.sort, state.diff);
    staleRows(state);
  },
  'toggle-wrap-tree': (state) => {
    state.wrap = !state.wrap;
  },
  'extract-file': (state) => {
    state.extract = cursorPath(state);
  },
};

/** The path under the cursor, undefined when no row is shown. */
function cursorPath({ rows, order, cursor }: ViewState): number | undefined {
  const position = rows[cursor];
  return position === undefined ? undefined : order.paths[position];
}

function move(state: ViewState, by: number): void {
  if (state.focus === 'tree') {
    state.cursor = clamp(state.cursor + by, state.rows.length);
    return;
  }
  const layer = clamp(state.layer + by, state.analysis.layers.length);
  if (layer === state.layer) return;
  state.layer = layer;
  state.stale = 'diff';
}

function moveToParent(state: ViewState): void {
  const path = cursorPath(state);
  if (path === undefined) return;
  const parent = state.analysis.tree.paths.parentOf(path);
  for (let row = state.cursor; row >= 0; row--) {
    if (state.order.paths[state.rows[row]!] !== parent) continue;
    state.cursor = row;
    return;
  }
}

function moveInto(state: ViewState): void {
  const path = cursorPath(state);
  if (path === undefined || state.analysis.tree.firstChild[path]! < 0) return;
  if (state.folded[path]) actions['toggle-collapse-dir'](state);
  else move(state, 1);
}

function toggleKind(state: ViewState, kind: DiffKind): void {
  if (!state.hidden.delete(kind)) state.hidden.add(kind);
  staleRows(state);
}

function compare(state: ViewState, aggregate: boolean): void {
  if (state.aggregate === aggregate) return;
  state.aggregate = aggregate;
  state.stale = 'diff';
}

function typeFilter(state: ViewState, key: Key): void {
  const { bindings } = state.settings;
  if (key === 'enter' || bindings['toggle-view'].includes(key)) state.focus = 'tree';
  else if (bindings['close-filter-files'].includes(key)) {
    state.focus = 'tree';
    setFilter(state, '');
  } else if (key === 'backspace') setFilter(state, state.filter.slice(0, -1));
  else if (key === 'space') setFilter(state, `${state.filter} `);
  else if ([...key].length === 1) setFilter(state, state.filter + key);
}

const longestFilter = 200;

function setFilter(state: ViewState, filter: string): void {
  if (filter === state.filter || filter.length > longestFilter) return;
  state.filter = filter;
  try {
    state.pattern = filter === '' ? undefined : new RegExp(filter);
  } catch {
    return; // Half typed: the rows stay as they are until it is whole.
  }
  staleRows(state);
}

/** The first layer is shown against itself; all others against what lies below, as in dive. */
function diffOf(analysis: ImageAnalysis, layer: number, aggregate: boolean): LayerDiff {
  const lower = aggregate || layer === 0 ? 1 : layer;
  const most = analysis.layers.length;
  return layerDiff(analysis.tree, {
    lower: Math.min(lower, most),
    upper: Math.min(layer + 1, most),
  });
}

function refreshDiff(state: ViewState): void {
  state.diff = diffOf(state.analysis, state.layer, state.aggregate);
  if (state.sort === 'size') {
    state.order = treeOrder(state.analysis.tree, state.sort, state.diff);
  }
}

/** For changes that the diff is not touched by. */
function staleRows(state: ViewState): void {
  if (state.stale === 'nothing') state.stale = 'rows';
}

/** Keeps the cursor on its path, or on the nearest row that is left. */
function refreshRows(state: ViewState): void {
  const path = cursorPath(state);
  state.rows = visibleRows(state.analysis.tree, state, state);
  const row =
    path === undefined
      ? -1
      : state.rows.findIndex((position) => state.order.paths[position] === path);
  state.cursor = row >= 0 ? row : clamp(state.cursor, state.rows.length);
}

function clamp(value: number, length: number): number {
  return Math.max(0, Math.min(value, length - 1));
}
