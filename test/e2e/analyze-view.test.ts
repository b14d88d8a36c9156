import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseReference } from '../../src/core/index.ts';
import { type Image, imageSource, writeArchive } from '../../src/image/index.ts';
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
  await write('image', image);
  const many = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, i) => [`d${i % 10}/f${i}`, 1]),
  );
  await write('many', await layeredImage([{ members: many }, { members: { '.wh.d1': 0 } }]));
  mkdirSync(join(folder, 'xdg/dive'), { recursive: true });
  writeFileSync(join(folder, 'run'), runScript);
});

/** Tells what became of the terminal's modes: 4 of them have to be on again. */
const runScript = `sh -c 'echo $$ >pid; exec ${berth} analyze "$1"' sh "$1"
echo "exit=$?"
stty -a | tr ' ;' '\\n\\n' | grep -cx 'echo\\|icanon\\|isig\\|opost'
`;

after(() => rmSync(folder, { recursive: true }));

async function write(name: string, image: Image): Promise<void> {
  const images = [{ source: imageSource(image), references: [parseReference('view:1')] }];
  await pipeline(writeArchive(images), createWriteStream(join(folder, `${name}.tar`)));
}

/** A terminal of 130 by 30 of a tmux server of its own, with Berth's view in it. */
async function openView(settings = '', archive = 'image.tar'): Promise<View> {
  const socket = join(folder, `tmux-${views++}`);
  writeFileSync(join(folder, 'xdg/dive/view.yaml'), settings);
  const call = (...args: string[]) =>
    execFileSync('tmux', ['-S', socket, ...args], {
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', CI: '' },
    });
  const command = `cd ${folder}; env XDG_CONFIG_HOME=${folder}/xdg PS1='$ ' sh`;
  call('-u', 'new-session', '-d', '-x', '130', '-y', '30', command);
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
  view.press(`sh run ${archive}`, 'Enter');
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
  // The screen that was there before is back, and the terminal echoes and edits again.
  assert.match(await view.until(/exit=0\n4\n/), /^\$ /);
});

test('files are extracted to the working directory', async () => {
  using view = await openView();
  view.press('Down', 'Tab', 'Down', 'C-e');
  await view.until(/1 file of \/etc\/passwd \(1kB\) extracted to \.\/etc\/passwd/);
  assert.equal(readFileSync(join(folder, 'etc/passwd')).length, 1000);
  view.press('C-e');
  await view.until(/etc\/passwd is there already/);
  view.press('Up', 'q');
  await view.until(/exit=0/);
});

test('the view follows the size of the terminal', async () => {
  using view = await openView();
  view.resize(70, 14);
  await view.until(/^.{10,34}│.*\n/);
  const lines = view.screen().trimEnd().split('\n');
  assert.equal(lines.length, 14);
  assert.match(lines.at(-1)!, /quit/);
  for (const [columns, rows] of [
    [80, 24],
    [20, 5],
    [3, 2],
    [1, 1],
    [200, 60],
  ] as const) {
    view.resize(columns, rows);
    view.press('Down', 'Tab', 'C-p', 'Tab');
  }
  await view.until(/Layer 2 details/);
  view.press('C-c');
  await view.until(/exit=0\n4\n/);
});

test('in 80 columns names are seen', async () => {
  using view = await openView();
  view.resize(80, 24);
  await view.until(/│ +900B +passwd/);
  view.press('q');
  await view.until(/exit=0/);
});

test('a hundred thousand files: keys that are held, filters, folds, sizes', async () => {
  using view = await openView('', 'many.tar');
  const inFirst = Array.from({ length: 10_000 }, (_, i) => `f${i * 10}`).sort();
  view.press('Tab');
  view.press('-N', '500', 'Down');
  await view.until(new RegExp(`\\b${inFirst[499]}\\b`), new RegExp(`\\b${inFirst[500]}\\b`));
  view.press('/', '9', '9', '9', '9', '$', 'Enter');
  await view.until(/▾ d9\b[\s\S]*f9999\b/, /▾ d0\b/);
  view.press('Escape', 'C-Space', 'C-o');
  await view.until(/▸ d9/);
  view.press('Tab', 'Down');
  await view.until(/10kB +▸ d0[\s\S]*10kB +▸ d1/);
  view.press('q');
  await view.until(/exit=0/);
});

test('a view that is ended by a signal gives the terminal back', async () => {
  using view = await openView();
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
  await view.until(/exit=\d+\n4\n/);
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
