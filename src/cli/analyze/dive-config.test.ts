import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { readDiveConfig, switchOf } from './dive-config.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-dive-'));
after(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const home = join(root, 'home');
const cwd = join(root, 'cwd');
const xdg = { XDG_CONFIG_HOME: `${root}/config`, XDG_CONFIG_DIRS: `${root}/dirs1:${root}/dirs2` };

/** Files from the first place looked at to the last. */
const places = [
  'cwd/.dive.yaml',
  'cwd/.dive/config.yaml',
  'config/dive/a.yaml',
  'dirs1/dive/z.yml',
  'dirs2/dive/b.yaml',
  'home/.config/dive/c.yml',
  'home/.dive.yaml',
];

test('the first place that has a file counts', async () => {
  assert.deepEqual(await readDiveConfig({ env: xdg, home, cwd }), {});
  for (const [index, place] of [...places.entries()].reverse()) {
    write(place, `ci-config: "${index}"\n`);
    assert.deepEqual(await readDiveConfig({ env: xdg, home, cwd }), { 'ci-config': `${index}` });
  }
  const env = { ...xdg, DIVE_CONFIG: write('named.yaml', 'ci: true\n') };
  assert.deepEqual(await readDiveConfig({ env, home, cwd }), { ci: true });
});

test('variables count before the file', async () => {
  const env = {
    DIVE_CONFIG: write(
      'base.yaml',
      'ci: false\nkeybinding:\n  quit: x\n  up: i\nlog: {level: info}\n',
    ),
    DIVE_CI: 'true',
    DIVE_CI_CONFIG: 'rules.yaml',
    DIVE_KEYBINDING_QUIT: 'ctrl+q',
    DIVE_KEYBINDING_TOGGLE_COLLAPSE_ALL_DIR: 'c',
    DIVE_FILETREE_PANE_WIDTH: '0.3',
    DIVE_LAYER_SHOW_AGGREGATED_CHANGES: 'true',
    DIVE_DIFF_HIDE: 'added,removed',
    DIVE_RULES_LOWEST_EFFICIENCY: '0.5',
    DIVE_OTHER: 'ignored',
  };
  assert.deepEqual(await readDiveConfig({ env, home, cwd }), {
    ci: 'true',
    'ci-config': 'rules.yaml',
    keybinding: { quit: 'ctrl+q', up: 'i', 'toggle-collapse-all-dir': 'c' },
    filetree: { 'pane-width': '0.3' },
    layer: { 'show-aggregated-changes': 'true' },
    diff: { hide: 'added,removed' },
    rules: { 'lowest-efficiency': '0.5' },
    log: { level: 'info' },
  });
});

for (const text of ['', '# nothing\n', 'null\n']) {
  test(`nothing is set by ${JSON.stringify(text)}`, async () => {
    const env = { DIVE_CONFIG: write('empty.yaml', text) };
    assert.deepEqual(await readDiveConfig({ env, home, cwd }), {});
  });
}

for (const text of ['[1]', 'text', 'a: [']) {
  test(`refused: ${JSON.stringify(text)}`, async () => {
    const env = { DIVE_CONFIG: write('wrong.yaml', text) };
    await assert.rejects(readDiveConfig({ env, home, cwd }), {
      kind: 'invalid',
      message: /^read /,
    });
  });
}

test('a file that is named and not there', () =>
  assert.rejects(readDiveConfig({ env: { DIVE_CONFIG: join(root, 'none') }, home, cwd }), {
    kind: 'invalid',
  }));

test('switches', () => {
  assert.deepEqual(
    [true, 'yes', '1', 'off', 0, undefined, ''].map((value) => switchOf(value, 'x', true)),
    [true, true, true, false, false, true, true],
  );
  assert.throws(() => switchOf('perhaps', 'x', true), { kind: 'invalid' });
});
