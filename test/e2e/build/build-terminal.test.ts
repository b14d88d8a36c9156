import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { until } from '../harness/client-process.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';
import { processesOf, unfinishedWork } from '../harness/left-behind.ts';
import { openTmux, type Tmux } from '../harness/tmux.ts';

const berth = resolve(import.meta.dirname, '../../../bin/berth');

let daemon: TestDaemon;
let tmux: Tmux;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  tmux = openTmux(daemon);
  tmux.resize(100, 40);
});
after(async () => {
  tmux.close();
  await daemon[Symbol.asyncDispose]();
});

function context(name: string, dockerfile: string): string {
  const folder = join(daemon.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

test('the live view of a build that goes well, then what its lines weigh', async () => {
  const folder = context('well', 'FROM busybox\nRUN echo one >/f\nRUN rm /f\n');
  await tmux.run(`${berth} build ${folder}; echo "exit=$?"`);
  const screen = await tmux.until(/^exit=0$/m);
  assert.match(screen, /^\[\+\] Building \d+\.\ds \(\d+\/\d+\) FINISHED$/m);
  assert.match(screen, /^ => \[2\/3\] RUN echo one >\/f +\d+\.\ds$/m);
  assert.match(screen, /^2 +4B +4B +line 3: 4B +RUN echo one >\/f$/m);
});

test('Ctrl-C ends client and step at once, and leaves nothing', async () => {
  const folder = context('stopped', 'FROM busybox\nRUN echo begun; sleep 1000\n');
  await tmux.run(`${berth} build ${folder}; echo "exit=$?"`);
  await tmux.until(/^ => => # begun$/m);
  const before = processesOf(daemon.folder).length;
  tmux.type('C-c');
  const screen = await tmux.until(/^exit=130$/m);
  assert.match(screen, /^ => CANCELED \[2\/2\] RUN echo begun; sleep 1000 +\d+\.\ds$/m);
  assert.match(screen, /^berth: build: interrupted$/m);
  await until('the step is gone', () => processesOf(daemon.folder).length < before);
  await until('its files are gone', () => unfinishedWork(daemon.folder).length === 0);
});

test('a shell in the step that failed', async () => {
  const folder = context('failed', 'FROM busybox\nWORKDIR /w\nRUN echo half >f; exit 3\n');
  await tmux.run(`${berth} build --shell-on-error ${folder}; echo "exit=$?"`);
  await tmux.until(/^\/w # $/m);
  tmux.type('cat f', 'Enter');
  await tmux.until(/^half$/m);
  tmux.type('exit', 'Enter');
  await tmux.until(/^exit=1$/m);
});
