import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultBindings, viewSettings } from './view-settings.ts';

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

test('what is set in variables is text', () => {
  const { hidden, collapsed, paneWidth } = viewSettings({
    diff: { hide: 'added, removed' },
    filetree: { 'collapse-dir': 'true', 'pane-width': '0.25' },
  });
  assert.deepEqual([hidden, collapsed, paneWidth], [['added', 'removed'], true, 0.25]);
});

test("every action of dive's current release can be bound", () => {
  for (const action of Object.keys(defaultBindings)) {
    const { bindings } = viewSettings({ keybinding: { [action]: 'ctrl+x, x' } });
    assert.deepEqual(bindings[action as keyof typeof bindings], ['ctrl+x', 'x']);
  }
});

for (const content of [{}, { keybinding: null, diff: 7, filetree: [] }]) {
  test(`defaults for ${JSON.stringify(content)}`, () =>
    assert.equal(viewSettings(content).paneWidth, 0.5));
}

for (const content of [
  { filetree: { 'pane-width': 1 } },
  { filetree: { 'pane-width': 'wide' } },
  { diff: { hide: ['new'] } },
  { keybinding: { quit: 7 } },
  { filetree: { 'collapse-dir': 'perhaps' } },
]) {
  test(`refused: ${JSON.stringify(content)}`, () =>
    assert.throws(() => viewSettings(content), { kind: 'invalid' }));
}
