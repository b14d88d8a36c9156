import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { type ShimEvent, serveShimEvents } from './events-server.ts';
import { forwardRequest, taskEvent } from './task-messages.ts';
import { TtrpcClient } from './ttrpc-client.ts';

it('hears events and leaves its socket file for shims that outlive it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-events-'));
  const path = join(folder, 'events.sock');
  const heard: ShimEvent[] = [];
  const server = await serveShimEvents(path, (event) => heard.push(event));
  const client = await TtrpcClient.connect(path);
  const method = { service: 'containerd.services.events.ttrpc.v1.Events', method: 'Forward' };
  const value = taskEvent.encode({ container_id: 'c1' });
  const event = { type_url: 'containerd.events.TaskOOM', value };
  await client.call(
    method,
    forwardRequest.encode({ envelope: { namespace: 'berth', topic: '/tasks/oom', event } }),
  );
  assert.deepEqual(heard, [{ topic: '/tasks/oom', containerId: 'c1' }]);
  await assert.rejects(client.call({ ...method, method: 'Other' }, new Uint8Array()), {
    kind: 'unsupported',
  });

  await server[Symbol.asyncDispose]();
  await client.closed;
  assert.ok(existsSync(path));
  await assert.rejects(TtrpcClient.connect(path), /ECONNREFUSED/);
  await using again = await serveShimEvents(path, () => {});
  assert.ok(again);
  (await TtrpcClient.connect(path))[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
