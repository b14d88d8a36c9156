import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseReference } from '../../src/core/index.ts';
import { imageSource, writeArchive } from '../../src/image/index.ts';
import { layeredImage } from '../contract/sample-layers.ts';

const berth = join(import.meta.dirname, '../../bin/berth');
let folder: string;
let views = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-view-'));
  const image = await layeredImage([
    { line: 'ADD base.tar /', members: { 'etc/': '', 'etc/passwd': 900, 'tmp/': '', 'tmp/x': 5 } },
    { line: 'RUN adduser', members: { 'etc/': '', 'etc/passwd': 1000, 'home/': '', 'home/a': 7 } },
    { line: 'RUN rm', members: { '.wh.tmp': 0, 'evil\x1b]0;owned\x07\n': 1 } },
  ]);
  const images = [{ source: imageSource(image), references: [parseReference('view:1')] }];
  await pipeline(writeArchive(images), createWriteStream(join(folder, 'image.tar')));
  mkdirSync(join(folder, 'xdg/dive'), { recursive: true });
});
after(() => rmSync(folder, { recursive: true }));

/** A terminal of 110 by 30 of a tmux server of its own, with Berth's view in it. */
async function openView(settings = ''): Promise<View> {
  const socket = join(folder, `tmux-${views++}`);
  writeFileSync(join(folder, 'xdg/dive/view.yaml'), settings);
  const call = (...args: string[]) =>
    execFileSync('tmux', ['-S', socket, ...args], {
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', CI: '' },
    });
  const command = `env XDG_CONFIG_HOME=${folder}/xdg PS1='$ ' sh`;
  call('-u', 'new-session', '-d', '-x', '110', '-y', '30', command);
  const view: View = {
    screen: () => call('capture-pane', '-p'),
    press: (...keys) => void call('send-keys', ...keys),
    resize: (columns, rows) =>
      void call('resize-window', '-x', String(columns), '-y', String(rows)),
    async until(pattern, without) {
      for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
        const screen = view.screen();
        if (pattern.test(screen) && !without?.test(screen)) return screen;
        await sleep(50);
      }
      throw new Error(`no ${pattern} without ${without} on the screen:\n${view.screen()}`);
    },
    [Symbol.dispose]: () => void call('kill-server'),
  };
  view.press(`${berth} analyze ${folder}/image.tar; echo "exit=$?"`, 'Enter');
  await view.until(/Image details/);
  return view;
}

interface View extends Disposable {
  screen(): string;
  press(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen matches one pattern and not the other, and gives it. */
  until(pattern: RegExp, without?: RegExp): Promise<string>;
}

test('layers, their files, filters, search and the way out', async () => {
  using view = await openView();
  const first = view.screen();
  assert.match(first, /905B {2}ADD base\.tar/);
  assert.match(first, /-rw-r--r-- +0:0 +900B +passwd/);
  assert.match(first, /view:1/);

  view.press('Down');
  const second = await view.until(/Layer 1 details/);
  assert.match(second, /1 added, 1 changed, 0 the same, 0 removed/);
  assert.match(second, /1kB +passwd/);
  assert.match(second, /7B +a/);
  assert.match(second, /▾ tmp/);

  view.press('Tab', 'C-u');
  await view.until(/▾ home/, /▾ tmp/);
  view.press('C-a');
  await view.until(/passwd/, /▾ home/);
  view.press('C-u', 'C-a');
  await view.until(/▾ tmp/);

  view.press('/', 'p', 'a', 's', 's', 'Enter');
  await view.until(/filter: pass/, /▾ home/);
  view.press('Escape');
  await view.until(/▾ home/);

  view.press('Space');
  await view.until(/▸ etc/);
  view.press('C-Space');
  await view.until(/▾ etc/);

  view.press('Tab', 'Down', 'C-a');
  const all = await view.until(/Layers \(all changes up to it\)/);
  assert.match(all, /▾ tmp/);
  assert.match(all, /evil\\u001b\]0;owned\\u/);

  view.press('q');
  assert.match(await view.until(/exit=0/), /^\$ /);
});

test('the view follows the size of the terminal', async () => {
  using view = await openView();
  view.resize(70, 14);
  await view.until(/^.{10,34}│.*\n/);
  const lines = view.screen().trimEnd().split('\n');
  assert.equal(lines.length, 14);
  assert.match(lines.at(-1)!, /quit/);
  view.press('C-c');
  await view.until(/exit=0/);
});

test("keys and panes as dive's settings have them", async () => {
  using view = await openView(
    'keybinding:\n  quit: x\n  down: n\ndiff:\n  hide: [unmodified]\nfiletree:\n  collapse-dir: true\n  show-attributes: false\n',
  );
  view.press('n', 'n');
  const screen = await view.until(/Layer 2 details/);
  assert.match(screen, /▸ tmp/);
  assert.doesNotMatch(screen, /Permission|▸ etc/);
  view.press('q', 'x');
  await view.until(/exit=0/);
});

test('what is no terminal gets the report', () => {
  const text = execFileSync(berth, ['analyze', join(folder, 'image.tar')], {
    encoding: 'utf8',
    env: { ...process.env, CI: '' },
  });
  assert.match(text, /^view:1: linux\/amd64, 3 layers/);
});
