import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conflict, internal } from '../../core/index.ts';
import { explainStartFailure } from './start-failure.ts';

describe('explainStartFailure', () => {
  for (const [message, code, kind, said] of [
    ['exec: "x": executable file not found in $PATH', 127, 'invalid', /\$PATH$/],
    ['exec: "/x": stat /x: no such file or directory', 127, 'invalid', /directory$/],
    ['exec: "/etc/passwd": permission denied', 126, 'invalid', /denied$/],
    ['exec: "/etc": is a directory', 126, 'invalid', /is a directory: permission denied$/],
    ['mount /a:/b: not a directory', 127, 'invalid', /mount a directory onto a file/],
    ['something else', 128, 'internal', /^something else$/],
  ] as const) {
    it(`makes ${code} of: ${message}`, () => {
      const explained = explainStartFailure(internal(message));
      assert.deepEqual([explained.code, explained.error.kind], [code, kind]);
      assert.match(explained.error.message, said);
    });
  }

  it('keeps the kind of what was no failure of the program', () => {
    assert.equal(explainStartFailure(conflict('port is already allocated')).error.kind, 'conflict');
  });
});
