import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { EngineParts, Joiner } from '../engine-parts.ts';
import type { Run } from '../runs/run.ts';
import { attach } from './attach.ts';

const how = { stdin: false, stdout: true, stderr: true, logs: false, follow: true };

/** A container that has not started, and whose output is had when the test says so. */
function waitingContainer() {
  const heard = Promise.withResolvers<void>();
  const stopped: string[] = [];
  const joiners = new Map<string, Set<Joiner>>();
  const record = { id: 'one', state: { kind: 'created' }, config: {} };
  const parts = {
    table: { find: () => record, get: () => record },
    runs: new Map(),
    joiners,
    outputs: {
      async listen() {
        await heard.promise;
        return { chunks: [], stop: () => stopped.push('stopped') };
      },
    },
    tell: () => {},
  };
  return { parts: parts as unknown as EngineParts, joiners, heard, stopped };
}

it('a client that leaves while the container starts does not hold it back', async () => {
  const { parts, joiners, heard, stopped } = waitingContainer();
  const client = new PassThrough();
  const attached = attach(parts, 'one', client, how);
  const [join] = joiners.get('one')!;
  const joined = join!({ id: 'one' } as Run);
  client.destroy();
  await attached;
  heard.resolve();
  await joined;
  assert.deepEqual(stopped, ['stopped']);
});

it('a client that leaves before the container starts is forgotten', async () => {
  const { parts, joiners } = waitingContainer();
  const client = new PassThrough();
  const attached = attach(parts, 'one', client, how);
  client.destroy();
  await attached;
  assert.equal(joiners.size, 0);
});
