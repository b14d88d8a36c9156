import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { layeredImage, type SampleMember } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../../../image/analysis/index.ts';
import type { DiveConfig } from '../dive-config.ts';
import { drawView } from './draw-view.ts';
import { viewSettings } from './view-settings.ts';
import { pressKey, settle, type ViewState, viewState } from './view-state.ts';

const layers: Record<string, SampleMember>[] = [
  { 'etc/': '', 'etc/a': 10, 'etc/b': 20, 'opt/': '', 'opt/x': 5 },
  { 'etc/': '', 'etc/a': 11, 'etc/c': 1, '.wh.opt': 0 },
  { 'var/': '', 'var/log': 9, 'etc/': '', 'etc/b': 20, 'etc/.wh.c': 0 },
];

async function sample(settings: DiveConfig = {}, members = layers): Promise<ViewState> {
  const image = await layeredImage(members.map((one) => ({ members: one })));
  const analysis = await analyzeImage(image);
  return viewState(analysis, { label: 'x', lines: undefined, settings: viewSettings(settings) });
}

/** The rows that are shown: a sign for the change, the path, the size. */
function rows(state: ViewState): string {
  settle(state);
  const signs = { absent: '?', unmodified: ' ', modified: '~', added: '+', removed: '-' };
  return [...state.rows]
    .map((position) => {
      const path = state.order.paths[position]!;
      const sign = signs[state.diff.kindOf(path)];
      return `${sign}${state.analysis.tree.paths.pathOf(path)}:${state.diff.sizeOf(path)}`;
    })
    .join(' ');
}

function press(state: ViewState, ...keys: string[]): string {
  for (const key of keys) pressKey(state, key);
  return rows(state);
}

test('a layer against what lies below it, or all up to it against the first', async () => {
  const state = await sample();
  assert.equal(rows(state), ' etc:30  etc/a:10  etc/b:20  opt:5  opt/x:5');
  assert.equal(press(state, 'down'), '~etc:32 ~etc/a:11  etc/b:20 +etc/c:1 -opt:5 -opt/x:5');
  assert.equal(press(state, 'down'), '~etc:31  etc/a:11  etc/b:20 -etc/c:1 +var:9 +var/log:9');
  assert.equal(
    press(state, 'ctrl+a'),
    '~etc:31 ~etc/a:11  etc/b:20 -opt:5 -opt/x:5 +var:9 +var/log:9',
  );
  assert.equal(press(state, 'ctrl+l', 'down', 'down', 'up').startsWith('~etc'), true);
});

test('filters by kind of change', async () => {
  const state = await sample();
  press(state, 'down', 'tab');
  assert.equal(press(state, 'ctrl+u'), '~etc:32 ~etc/a:11 +etc/c:1 -opt:5 -opt/x:5');
  assert.equal(press(state, 'enter'), '~etc:32 +etc/c:1 -opt:5 -opt/x:5');
  assert.equal(press(state, 'ctrl+r'), '~etc:32 +etc/c:1');
  assert.equal(press(state, 'ctrl+a'), '');
  assert.equal(press(state, 'ctrl+u', 'enter', 'ctrl+r', 'ctrl+a').split(' ').length, 7);
});

test('search, also half typed', async () => {
  const state = await sample();
  assert.equal(press(state, '/', 'x'), ' opt:5  opt/x:5');
  assert.equal(
    press(state, 'backspace', '(', 'a', '|'),
    ' opt:5  opt/x:5'.length ? rows(state) : '',
  );
  assert.equal(press(state, 'b', ')', '$', 'enter'), ' etc:30  etc/a:10  etc/b:20');
  assert.equal(state.focus, 'tree');
  assert.equal(press(state, 'esc').split(':').length, 6);
});

test('folding, and moving among the rows', async () => {
  const state = await sample();
  press(state, 'tab');
  assert.equal(press(state, 'space'), ' etc:30  opt:5  opt/x:5');
  assert.equal(press(state, 'right'), ' etc:30  etc/a:10  etc/b:20  opt:5  opt/x:5');
  press(state, 'right', 'down');
  assert.equal(state.cursor, 2);
  press(state, 'left');
  assert.equal(state.cursor, 0);
  assert.equal(press(state, 'ctrl+space'), ' etc:30  opt:5');
  assert.equal(press(state, 'pgdn', 'ctrl+space').split(':').length, 6);
  // The cursor stays on its path.
  assert.equal(state.order.paths[state.rows[state.cursor]!], state.analysis.tree.paths.find('opt'));
  press(state, 'pgdn', 'pgdn', 'down');
  assert.equal(state.cursor, 4);
});

test('by size', async () => {
  const state = await sample();
  assert.equal(press(state, 'tab', 'ctrl+o'), ' etc:30  etc/b:20  etc/a:10  opt:5  opt/x:5');
});

test('long rows are cut, or wrapped so that the cursor is on the screen', async () => {
  const long = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`${i}${'x'.repeat(90)}`, 1]),
  );
  const state = await sample({}, [long]);
  const screen = () => drawView(state, { columns: 100, rows: 12 }).map(stripVTControlCharacters);
  press(state, 'tab', 'ctrl+b');
  assert.equal(screen().filter((line) => /│.*\dx/.test(line)).length, 9);
  press(state, 'ctrl+p');
  assert.equal(screen().filter((line) => /│.*\dx/.test(line)).length, 3);
  press(state, 'pgdn');
  assert.match(screen().join('\n'), /8xxx/);
  assert.equal(new Set(screen().map((line) => line.length)).size, 1);
});

test('extraction is asked for of the path under the cursor', async () => {
  const state = await sample();
  press(state, 'ctrl+e');
  assert.equal(state.extract, undefined);
  press(state, 'tab', 'down', 'ctrl+e');
  assert.equal(state.analysis.tree.paths.pathOf(state.extract!), 'etc/a');
});

test('settings decide how it begins', async () => {
  const state = await sample({
    keybinding: { down: 'n', quit: 'x' },
    diff: { hide: ['unmodified'] },
    filetree: { 'collapse-dir': true },
    layer: { 'show-aggregated-changes': true },
  });
  assert.equal(press(state, 'n', 'n'), '~etc:31 -opt:5 +var:9');
  press(state, 'q');
  assert.equal(state.quit, false);
  press(state, 'x');
  assert.equal(state.quit, true);
});

test('every line fits the screen, and nothing from the image reaches the terminal raw', async () => {
  const nasty = 'a\x1b[2J\n\x9b\u202e漢字';
  const state = await sample({}, [{ [nasty]: 1, [`${nasty}/`]: '' }, { ok: 2 }]);
  for (const [columns, height] of [
    [120, 40],
    [40, 10],
    [20, 5],
    [1, 1],
  ] as const) {
    const lines = drawView(state, { columns, rows: height });
    assert.equal(lines.length <= Math.max(height, 2), true);
    for (const line of lines) {
      const text = stripVTControlCharacters(line);
      assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u202e]/);
      if (columns >= 40)
        assert.equal([...text].length + (text.match(/[漢字]/g)?.length ?? 0), columns);
    }
  }
});

test('an image without layers', async () => {
  const state = await sample({}, []);
  assert.equal(press(state, 'down', 'tab', 'down', 'space', 'left', 'right'), '');
  assert.match(drawView(state, { columns: 80, rows: 24 }).join('\n'), /nothing to show/);
});
