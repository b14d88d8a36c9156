import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { bytesOf, joinConnection } from './byte-messages.ts';
import { bytesMessage } from './session-methods.ts';

const asMessage = (text: string) => bytesMessage.encode({ data: Buffer.from(text) }) as Buffer;

/** A call whose other end says these texts and then nothing more; `said` is what it was sent. */
function callSaying(texts: AsyncIterable<string> | Iterable<string>) {
  const sent: Uint8Array[] = [];
  async function* messages() {
    for await (const text of texts) yield [asMessage(text)];
  }
  return {
    messages: messages(),
    async send(batch: readonly Uint8Array[]) {
      sent.push(...batch);
    },
    async said() {
      async function* once() {
        yield sent;
      }
      return Buffer.concat(await Array.fromAsync(bytesOf(once()))).toString();
    },
  };
}

describe('a call joined to a connection', () => {
  test('is answered after it has said all it has to say', async () => {
    const [near, far] = duplexPair();
    let asked = '';
    near.setEncoding('utf8').on('data', (text) => {
      asked += text;
    });
    near.on('end', () => near.end(`re: ${asked}`));
    const call = callSaying(['que', 'stion']);
    await joinConnection(call, far);
    assert.equal(await call.said(), 're: question');
    assert.ok(far.destroyed);
  });

  test('says what it has to say after it was answered', async () => {
    const [near, far] = duplexPair();
    const answered = Promise.withResolvers<void>();
    async function* late() {
      await answered.promise;
      yield 'last words';
    }
    near.end('answer');
    const heard = near.setEncoding('utf8').toArray();
    const call = callSaying(late());
    await joinConnection(call, far, answered.resolve);
    assert.equal(await call.said(), 'answer');
    assert.equal((await heard).join(''), 'last words');
  });

  test('is left when the connection is closed', async () => {
    const [near, far] = duplexPair();
    const never = { async *[Symbol.asyncIterator]() {} };
    const silent = callSaying(never);
    silent.messages.next = () => new Promise(() => {});
    const joined = joinConnection(silent, far);
    const closed = once(far, 'close');
    near.resume().end();
    far.destroy();
    await closed;
    await joined.catch(() => {});
  });
});
