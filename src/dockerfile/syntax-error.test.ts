import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderedError } from '../../test/contract/rendered-error.ts';
import { parseDockerfile, syntaxErrorDetails } from './index.ts';

function errorOf(text: string, fileName?: string): Error {
  try {
    parseDockerfile(text, { fileName });
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected the text to be refused');
}

test('details name the file, the place and the nearest word', () => {
  const details = syntaxErrorDetails(errorOf('FROM a\nCOPY --chwon=1 a b\n', 'app/Dockerfile'));
  assert.deepEqual(details, {
    fileName: 'app/Dockerfile',
    line: 2,
    column: 6,
    endLine: 2,
    endColumn: 13,
    lineText: 'COPY --chwon=1 a b',
    reason: 'unknown flag: --chwon (did you mean chown?)',
    suggestion: 'chown',
    hint: 'did you mean chown?',
    excerpt: { firstLine: 1, lines: ['FROM a', 'COPY --chwon=1 a b'] },
  });
});

test('the caret stays under its word behind tabs and far along a line', () => {
  assert.equal(
    renderedError(errorOf('FROM a\n\tRNU\tx\n')),
    [
      'Dockerfile:2:2: unknown instruction: RNU',
      '  1 | FROM a',
      '> 2 |  RNU x',
      '    |  ^^^ did you mean RUN?',
    ].join('\n'),
  );
  const far = renderedError(errorOf(`FROM a\nENV ${'A=b '.repeat(100)}C D=e\n`)).split('\n');
  const line = far.findIndex((text) => text.startsWith('> 2'));
  assert.equal(far[line]![far[line + 1]!.indexOf('^')], 'C');
  assert.ok(far.every((text) => text.length < 150));
});

test('nothing of the file steers the terminal', () => {
  const rendered = renderedError(errorOf('FROM a\nR\u001b[2JU\u0007 x\u009b1m\n'));
  assert.doesNotMatch(rendered, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

test('an error without a place is its message', () => {
  assert.equal(renderedError(errorOf('')), 'the Dockerfile cannot be empty');
  assert.equal(renderedError(new Error('other')), 'other');
  assert.equal(syntaxErrorDetails(new Error('other')), undefined);
  assert.equal(syntaxErrorDetails(undefined), undefined);
});
