import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Container, ContainerState } from '../../../engine/index.ts';
import { inspectContainer } from './inspect.ts';
import { sampleContainer, sampleInsight } from './sample-container.ts';
import { humanDuration, stateView, statusText } from './state-view.ts';
import { statsView } from './stats.ts';
import { containerSummary } from './summary.ts';

const golden = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8'));
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

const startedAtMs = Date.parse('2026-11-20T13:43:54.502Z');
const exit = {
  code: 3,
  startedAtMs,
  finishedAtMs: startedAtMs + 5000,
  oomKilled: true,
  error: 'boom',
};
const inState = (state: ContainerState, over: Partial<Container> = {}): Container => ({
  ...sampleContainer,
  ...over,
  state,
});

test('inspect gives what Docker 28 gives, in its order', async () => {
  const expected = golden('inspect-running.json');
  const view = plain(await inspectContainer(sampleContainer, sampleInsight, { withSize: true }));
  assert.deepEqual(view, expected);
  assert.deepEqual(Object.keys(view), Object.keys(expected));
  assert.deepEqual(Object.keys(view.Config), Object.keys(expected.Config));
});

test('a line of the list is as Docker 28 gives it', async () => {
  const expected = golden('list-running.json');
  const view = await containerSummary(sampleContainer, {
    imageName: 'busybox',
    insight: sampleInsight,
    nowMs: startedAtMs + 2500,
  });
  // Docker leaves a size of zero out, and the names of a network.
  const { SizeRw, ...rest } = plain(view);
  assert.equal(SizeRw, 0);
  assert.deepEqual({ ...rest, NetworkSettings: expected.NetworkSettings }, expected);
});

test('a stopped container has no ports, addresses of its process or health', async () => {
  const container = inState({ kind: 'exited', exit }, { health: undefined, endpoints: { n1: {} } });
  const view = plain(await inspectContainer(container, sampleInsight, { withSize: false }));
  assert.deepEqual(view.NetworkSettings.Ports, {});
  assert.equal('SizeRw' in view, false);
  assert.deepEqual(view.State, {
    Status: 'exited',
    Running: false,
    Paused: false,
    Restarting: false,
    OOMKilled: true,
    Dead: false,
    Pid: 0,
    ExitCode: 3,
    Error: 'boom',
    StartedAt: '2026-11-20T13:43:54.502Z',
    FinishedAt: '2026-11-20T13:43:59.502Z',
  });
});

for (const [state, expected, status] of [
  [{ kind: 'created' }, { Running: false, Status: 'created' }, 'Created'],
  [
    { kind: 'paused', startedAtMs, pid: 1 },
    { Running: true, Paused: true },
    'Up 10 seconds (Paused)',
  ],
  [
    { kind: 'restarting', exit },
    { Running: true, Restarting: true },
    'Restarting (3) 5 seconds ago',
  ],
  [{ kind: 'exited', exit }, { Running: false }, 'Exited (3) 5 seconds ago'],
  [{ kind: 'removing' }, { Status: 'removing' }, 'Removal In Progress'],
  [{ kind: 'dead' }, { Dead: true }, 'Dead'],
] as [ContainerState, Record<string, unknown>, string][]) {
  test(`state ${state.kind}`, () => {
    const container = inState(state);
    const view = stateView(container) as Record<string, unknown>;
    for (const [key, value] of Object.entries(expected)) assert.equal(view[key], value);
    assert.equal(statusText(container, startedAtMs + 10_000), status);
  });
}

for (const [status, expected] of [
  ['healthy', 'Up 10 seconds (healthy)'],
  ['unhealthy', 'Up 10 seconds (unhealthy)'],
  ['starting', 'Up 10 seconds (health: starting)'],
] as const) {
  test(`health ${status}`, () => {
    const health = { status, failingStreak: 0, log: [] };
    const container = inState({ kind: 'running', startedAtMs, pid: 1 }, { health });
    assert.equal(statusText(container, startedAtMs + 10_000), expected);
  });
}

const [second, minute, hour, day] = [1e3, 6e4, 36e5, 864e5];
for (const [ms, text] of [
  [0, 'Less than a second'],
  [second, '1 second'],
  [59 * second, '59 seconds'],
  [minute, 'About a minute'],
  [2 * minute, '2 minutes'],
  [59 * minute, '59 minutes'],
  [hour, 'About an hour'],
  [3 * hour, '3 hours'],
  [47 * hour, '47 hours'],
  [2 * day, '2 days'],
  [13 * day, '13 days'],
  [14 * day, '2 weeks'],
  [60 * day, '2 months'],
  [729 * day, '24 months'],
  [730 * day, '2 years'],
] as const) {
  test(`${ms} ms is "${text}"`, () => assert.equal(humanDuration(ms), text));
}

describe('stats', () => {
  test('nothing is read of a container that does not run', () => {
    const view = plain(statsView(sampleContainer, undefined, undefined));
    assert.deepEqual(view.memory_stats, {});
    assert.deepEqual(view.pids_stats, {});
    assert.equal(view.read, '0001-01-01T00:00:00Z');
    assert.equal(view.cpu_stats.cpu_usage.total_usage, 0);
    assert.equal('networks' in view, false);
  });
});
