import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEvents } from './create-events.ts';
import type { Events } from './events.ts';

const publish = (events: Events, action: string) =>
  events.publish({ type: 'container', action, actorId: 'x', attributes: {} });

async function take(events: AsyncIterable<{ action: string }>, count: number): Promise<string[]> {
  const actions: string[] = [];
  for await (const { action } of events) {
    actions.push(action);
    if (actions.length === count) break;
  }
  return actions;
}

test('past events since a time, then those that come', async () => {
  const events = createEvents();
  publish(events, 'one');
  const stream = events.subscribe({ sinceMs: 0 });
  publish(events, 'two');
  assert.deepEqual(await take(stream, 2), ['one', 'two']);
});

test('without since only what comes; until and abort end it', async () => {
  const events = createEvents();
  publish(events, 'past');
  const controller = new AbortController();
  const stream = events.subscribe({ signal: controller.signal });
  publish(events, 'new');
  controller.abort();
  assert.deepEqual(await take(stream, 9), ['new']);
  assert.deepEqual(await take(events.subscribe({ sinceMs: 0, untilMs: Date.now() }), 9), [
    'past',
    'new',
  ]);
});

test('the last 256 are kept, times never repeat', async () => {
  const events = createEvents(() => 5n);
  for (let i = 0; i < 300; i++) publish(events, String(i));
  const kept = await Array.fromAsync(events.subscribe({ sinceMs: 0, untilMs: 0.5 }));
  assert.equal(kept.length, 256);
  assert.equal(new Set(kept.map(({ timeNs }) => timeNs)).size, 256);
});
