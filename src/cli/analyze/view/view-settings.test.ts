import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { readViewSettings, viewSettings } from './view-settings.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-view-'));
after(() => rmSync(root, { recursive: true }));

/** Files from the first place looked at to the last; each binds quit to its own number. */
const places = [
  'config/dive/a.yaml',
  'dirs1/dive/z.yml',
  'dirs2/dive/b.yaml',
  'home/.config/dive/c.yml',
  'home/.dive.yaml',
];

test('the first of the four places that has a file counts', async () => {
  const env = { XDG_CONFIG_HOME: `${root}/config`, XDG_CONFIG_DIRS: `${root}/dirs1:${root}/dirs2` };
  const home = join(root, 'home');
  assert.deepEqual((await readViewSettings(env, home)).bindings.quit, ['ctrl+c', 'q']);
  for (const [index, place] of [...places.entries()].reverse()) {
    mkdirSync(dirname(join(root, place)), { recursive: true });
    writeFileSync(join(root, place), `keybinding:\n  quit: "${index}"\n`);
    assert.deepEqual((await readViewSettings(env, home)).bindings.quit, [String(index)]);
  }
});

test("all of dive's settings", () => {
  const settings = viewSettings({
    keybinding: { up: 'up, i', 'page-up': 'ctrl+b' },
    diff: { hide: ['unmodified', 'removed'] },
    filetree: { 'collapse-dir': true, 'pane-width': 0.3, 'show-attributes': false },
    layer: { 'show-aggregated-changes': true },
    'container-engine': 'docker',
  });
  assert.deepEqual(settings.bindings.up, ['up', 'i']);
  assert.deepEqual(settings.bindings['page-up'], ['ctrl+b']);
  assert.deepEqual(settings.bindings.down, ['down', 'j']);
  const { bindings: _, ...rest } = settings;
  assert.deepEqual(rest, {
    hidden: ['unmodified', 'removed'],
    collapsed: true,
    paneWidth: 0.3,
    showAttributes: false,
    aggregate: true,
  });
});

for (const content of [null, [], 'text', {}]) {
  test(`defaults for ${JSON.stringify(content)}`, () =>
    assert.equal(viewSettings(content).paneWidth, 0.5));
}

for (const content of [
  { filetree: { 'pane-width': 1 } },
  { filetree: { 'pane-width': 'wide' } },
  { diff: { hide: ['new'] } },
  { keybinding: { quit: 7 } },
]) {
  test(`refused: ${JSON.stringify(content)}`, () =>
    assert.throws(() => viewSettings(content), { kind: 'invalid' }));
}
