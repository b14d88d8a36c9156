import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { mock, test } from 'node:test';
import { bodyChunks } from './request-body.ts';

const pace = { bytes: 10, perMs: 1000 };

test('a sender is cut off for its own slowness, not for that of who stores', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const sender = new PassThrough();
    sender.write('first');
    const chunks = bodyChunks(sender as unknown as IncomingMessage, pace)[Symbol.asyncIterator]();
    assert.equal(String((await chunks.next()).value), 'first');
    mock.timers.tick(5000);
    sender.write('second');
    assert.equal(String((await chunks.next()).value), 'second');
    const third = chunks.next();
    await new Promise(setImmediate);
    mock.timers.tick(2000);
    await assert.rejects(third, { kind: 'unavailable', message: /the sender is too slow/ });
  } finally {
    mock.timers.reset();
  }
});
