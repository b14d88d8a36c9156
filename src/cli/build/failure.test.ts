import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { renderFailure } from './failure.ts';

const failure = (error: string, details?: unknown) =>
  renderFailure({ kind: 'failure', error, errorKind: 'invalid', details });

test('a failed step shows its last lines, the place with all its lines, and the reason', () => {
  const excerpt = { firstLine: 1, lines: ['FROM a', 'RUN x && \\', '  exit 3', 'USER u'] };
  const details = {
    ...{ line: 2, endLine: 3, fileName: 'Dockerfile', excerpt },
    ...{
      text: 'RUN x &&   exit 3',
      lastOutput: ['one\ttab', ' 50%\r100%\r', '\u001b[31mtwo\u001b[2J\u009b1m\u009d0;x'],
    },
  };
  assert.equal(
    failure('process "x" did not complete successfully: exit code: 3', details),
    `------
 > RUN x &&   exit 3:
one\ttab
100%
two0;x
------
berth: Dockerfile:2: process "x" did not complete successfully: exit code: 3
  1 | FROM a
> 2 | RUN x && \\
> 3 |   exit 3
  4 | USER u
`,
  );
});

test('what cannot be parsed shows line, column and a caret', () => {
  let error: unknown;
  try {
    parseDockerfile('FROM a\nCOPYY b c\n', { fileName: 'app.Dockerfile' });
  } catch (thrown) {
    error = thrown;
  }
  const { message, details } = error as Error & { details: unknown };
  // As it comes out of JSON.
  assert.equal(
    failure(message, JSON.parse(JSON.stringify(details))),
    `berth: app.Dockerfile:2:1: unknown instruction: COPYY
  1 | FROM a
> 2 | COPYY b c
    | ^^^^^ did you mean COPY?
`,
  );
});

test('what a failure says does not steer the terminal', () => {
  assert.equal(
    failure('pull \u001b]0;x\u0007evil:\n\tgone\r\u202e'),
    'berth: pull \\u001b]0;x\\u0007evil:\n\tgone\\r\\u202e\n',
  );
});

test('what has no place is told alone', () => {
  assert.equal(failure('the registry is away'), 'berth: the registry is away\n');
  assert.equal(failure('the registry is away', { host: 'x' }), 'berth: the registry is away\n');
});
