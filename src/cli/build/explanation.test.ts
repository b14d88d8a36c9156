import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildMessage } from '../../client/index.ts';
import { createExplanation } from './explanation.ts';

const step = (number: number, line: number, title?: string) => ({
  ...{ number, line, endLine: line, title, text: title ?? '' },
  ...{ stage: 'stage-0', stageIndex: 0 },
});

const messages: BuildMessage[] = [
  {
    kind: 'plan',
    steps: [step(1, 1, '[1/3] FROM a'), step(2, 2), step(3, 3, '[2/3] RUN b'), step(4, 4, 'RUN c')],
  },
  // A step ends before one that stands above it: stages run side by side.
  {
    kind: 'step-missed',
    step: 4,
    reasons: ['"f" changed: content', 'variable X is new: "\u001b"'],
  },
  {
    kind: 'step-cached',
    step: 2,
    atMs: 0,
    imageId: 'sha256:0',
    reason: 'it has no title',
  } as never,
  {
    kind: 'step-cached',
    step: 3,
    atMs: 0,
    imageId: 'sha256:0',
    reason: 'nothing changed',
  } as never,
  {
    kind: 'line-usage',
    lines: [
      {
        step: 3,
        line: 3,
        text: 'RUN b',
        addedBytes: 3000,
        lostBytes: 10,
        lostTo: [{ line: 4, bytes: 10 }],
      },
      { step: 4, line: 4, text: 'RUN c', addedBytes: 0, lostBytes: 0, lostTo: [] },
    ],
  },
];

const table = `LINE   ADDED   LOST   LOST TO       INSTRUCTION
3      3kB     10B    line 4: 10B   RUN b
4      0B      0B                   RUN c
`;

test('each step is told in the order of the file, hit or miss, then the weight of the lines', () => {
  const explanation = createExplanation({ verdicts: true });
  for (const message of messages) explanation.add(message);
  assert.equal(
    explanation.text(),
    `hit    [2/3] RUN b (line 3)
       nothing changed
MISS   RUN c (line 4)
       "f" changed: content
       variable X is new: "\\u001b"

${table}`,
  );
});

test('without --explain the lines alone are told', () => {
  const explanation = createExplanation({ verdicts: false });
  for (const message of messages) explanation.add(message);
  assert.equal(explanation.text(), table);
});
