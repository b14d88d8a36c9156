import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conflict } from '../../core/index.ts';
import type { Reply } from '../http/reply.ts';
import { type ProgressMessage, progressBar, progressReply } from './progress.ts';

/** The reply's messages, taken only after `work` has said everything. */
async function readLate(reply: Reply): Promise<ProgressMessage[]> {
  assert.equal(reply.kind, 'stream');
  const messages: ProgressMessage[] = [];
  for await (const line of (reply as Reply & { kind: 'stream' }).body) {
    messages.push(JSON.parse(String(line)));
  }
  return messages;
}

describe('what waits for a slow client', () => {
  test('of a key only the newest', async () => {
    const reply = progressReply(async (send) => {
      send({ status: 'Downloading', id: 'a' }, 'a');
      send({ status: 'other' });
      for (let i = 0; i < 1000; i++) send({ status: `Downloading ${i}`, id: 'a' }, 'a');
    });
    assert.deepEqual(await readLate(reply), [
      { status: 'Downloading 999', id: 'a' },
      { status: 'other' },
    ]);
  });

  test('output only up to a bound, everything else whole', async () => {
    const reply = progressReply(async (send) => {
      for (let i = 0; i < 100; i++) send({ stream: 'x'.repeat(2 ** 20) });
      send({ status: 'kept' });
    });
    const messages = await readLate(reply);
    assert.equal(messages.length, 18);
    assert.deepEqual(messages.slice(-2), [
      { stream: '[output dropped: nobody reads it]\n' },
      { status: 'kept' },
    ]);
  });
});

describe('how it ends', () => {
  test('an error after a message is a message', async () => {
    const reply = progressReply(async (send) => {
      send({ status: 'begun' });
      throw conflict('no luck');
    });
    assert.deepEqual(await readLate(reply), [
      { status: 'begun' },
      { errorDetail: { message: 'no luck' }, error: 'no luck' },
    ]);
  });

  test('an error before is thrown', async () => {
    const reply = progressReply(async () => {
      throw conflict('no luck');
    });
    await assert.rejects(readLate(reply), { kind: 'conflict' });
  });
});

for (const [current, total, expected] of [
  [0, 100, `[>${' '.repeat(50)}]       0B/100B`],
  [19968, 1984162, `[>${' '.repeat(50)}]  19.97kB/1.984MB`],
  [50, 100, `[${'='.repeat(25)}>${' '.repeat(25)}]      50B/100B`],
  [100, 100, `[${'='.repeat(50)}>]     100B/100B`],
  [512, 3, `[${'='.repeat(50)}>]     512B`],
  [512, 0, '    512B'],
] as const) {
  test(`bar of ${current}/${total}`, () => assert.equal(progressBar(current, total), expected));
}
