import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildMessage } from '../../../client/index.ts';
import { createBuildState } from './build-state.ts';
import { createLiveView, renderLive } from './live-view.ts';
import { createPlainView } from './plain-view.ts';

const step = (number: number, title: string) => ({
  number,
  stage: 's',
  stageIndex: 0,
  text: title,
  title,
  line: number,
  endLine: number,
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

const messages: BuildMessage[] = [
  { kind: 'task-started', task: '[internal] load build context', atMs: 0 },
  { kind: 'task-progress', task: '[internal] load build context', current: 1_500_000 },
  { kind: 'task-done', task: '[internal] load build context', atMs: 200 },
  { kind: 'plan', steps: [step(1, '[1/2] FROM a'), step(2, '[2/2] RUN make')] },
  { kind: 'step-started', step: 1, atMs: 200 },
  { kind: 'step-cached', step: 1, atMs: 210, imageId: 'sha256:00' as never },
  { kind: 'step-started', step: 2, atMs: 210 },
  { kind: 'step-output', step: 2, stream: 'stdout', bytes: base64('one\r\ntw') },
  { kind: 'step-output', step: 2, stream: 'stdout', bytes: base64('o\x1b[31m\n') },
] as BuildMessage[];

test('the live view while a step runs', () => {
  const { state, apply } = createBuildState();
  for (const message of messages) apply(message);
  assert.deepEqual(
    renderLive(state, { nowMs: 1210, startedAtMs: 0, columns: 45, isFinished: false }),
    [
      '[+] Building 1.2s (2/3)',
      ' => [internal] load build context       0.2s',
      ' => CACHED [1/2] FROM a                 0.0s',
      ' => [2/2] RUN make                      1.0s',
      ' => => # one',
      ' => => # two',
    ],
  );
});

test('the live view stays within its columns, whatever a step writes', () => {
  const { state, apply } = createBuildState();
  const wide = {
    kind: 'step-output',
    step: 2,
    stream: 'stdout',
    bytes: base64('日本語日本語日本語\ta\tb\n'),
  };
  for (const message of [...messages, wide] as BuildMessage[]) apply(message);
  const lines = renderLive(state, { nowMs: 1210, startedAtMs: 0, columns: 20, isFinished: false });
  assert.deepEqual(lines.slice(-2), [' => => # two', ' => => # 日本語日本…']);
  assert.equal(lines.at(-4), ' => [2/2] RUN… 1.0s');
});

test('a terminal without a size is taken for one of 80 columns', () => {
  const { state, apply } = createBuildState();
  for (const message of messages) apply(message);
  const shown: string[] = [];
  const terminal = { columns: 0, rows: 0, write: (text: string) => void shown.push(text) };
  createLiveView(state, terminal, { now: () => 1210 }).finish();
  assert.match(shown.join(''), /\n => \[internal\] load build context {42}0\.2s\n/);
});

/** All that the plain view prints, times of lines left out. */
function plain(): { show(...messages: unknown[]): void; text(): string } {
  let text = '';
  const { apply } = createBuildState();
  const view = createPlainView((piece) => {
    text += piece;
  });
  return {
    show(...shown) {
      for (const message of shown as BuildMessage[]) {
        const change = apply(message);
        if (change) view(change);
      }
    },
    text: () => text.replaceAll(/^(#\d+) \d+\.\d{3} /gm, '$1 TIME '),
  };
}

const done = (number: number) => ({
  kind: 'step-done',
  step: number,
  atMs: 2210,
  sizeBytes: 3,
  imageId: 'sha256:01',
});

test('the plain view numbers what it prints', () => {
  const { show, text } = plain();
  show(...messages, done(2));
  assert.equal(
    text(),
    [
      '#1 [internal] load build context',
      '#1 DONE 0.2s',
      '',
      '#2 [1/2] FROM a',
      '#2 CACHED',
      '',
      '#3 [2/2] RUN make',
      '#3 TIME one',
      '#3 TIME two',
      '#3 DONE 2.0s',
      '',
    ].join('\n'),
  );
});

test('the plain view tells what is quick in one piece, and of what is slow when it is', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { show, text } = plain();
  show(
    { kind: 'plan', steps: [step(1, '[a 1/1] FROM a'), step(2, '[b 1/1] RUN slow')] },
    { kind: 'step-started', step: 1, atMs: 0 },
    { kind: 'step-started', step: 2, atMs: 0 },
    done(1),
  );
  assert.equal(text(), '#1 [a 1/1] FROM a\n#1 DONE 2.2s\n');
  context.mock.timers.tick(1000);
  assert.equal(text(), '#1 [a 1/1] FROM a\n#1 DONE 2.2s\n\n#2 [b 1/1] RUN slow\n');
  show({ kind: 'step-failed', step: 2, atMs: 1000, message: 'exit code: 3' });
  assert.ok(text().endsWith('\n#2 [b 1/1] RUN slow\n#2 ERROR: exit code: 3\n'));
});

test('characters that are cut between messages stay whole, endless lines are cut', () => {
  const { show, text } = plain();
  const output = (bytes: Buffer) => ({
    ...{ kind: 'step-output', step: 1, stream: 'stdout' },
    bytes: bytes.toString('base64'),
  });
  const euro = Buffer.from('5 €\n');
  show(
    { kind: 'plan', steps: [step(1, 'RUN x')] },
    { kind: 'step-started', step: 1, atMs: 0 },
    output(euro.subarray(0, 3)),
    output(euro.subarray(3)),
    ...Array.from({ length: 5 }, () => output(Buffer.alloc(20_000, 'x'))),
    done(1),
  );
  const [, first = '', ...rest] = text().split('\n');
  assert.equal(first, '#1 TIME 5 €');
  assert.deepEqual(
    rest.slice(0, 2).map((line) => line.length),
    ['#1 TIME '.length + 80_000, '#1 TIME '.length + 20_000],
  );
});
