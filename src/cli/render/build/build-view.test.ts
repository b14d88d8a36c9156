import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildMessage } from '../../../client/index.ts';
import { createBuildState } from './build-state.ts';
import { renderLive } from './live-view.ts';
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

test('the plain view numbers what it prints', () => {
  let text = '';
  const { apply } = createBuildState();
  const view = createPlainView((piece) => {
    text += piece;
  });
  const done: BuildMessage = {
    kind: 'step-done',
    step: 2,
    atMs: 2210,
    sizeBytes: 3,
    imageId: 'sha256:01' as never,
  };
  for (const message of [...messages, done]) {
    const change = apply(message);
    if (change) view(change);
  }
  assert.equal(
    text.replaceAll(/^(#\d+) \d+\.\d{3} /gm, '$1 TIME '),
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
