import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notFound } from '../core/index.ts';
import { exitCodeOf, type Job, stateName } from './job.ts';
import { createJobs } from './jobs.ts';
import type { JobBackend, JobRecords, OutputLine } from './ports.ts';

function memoryRecords(): JobRecords {
  const jobs = new Map<number, Job>();
  return {
    insert(job) {
      const inserted = { ...job, id: jobs.size + 1 };
      jobs.set(inserted.id, inserted);
      return inserted;
    },
    setState: (id, state) => void jobs.set(id, { ...jobs.get(id)!, state }),
    get: (id) => jobs.get(id),
    list: () => [...jobs.values()],
  };
}

/** A backend whose jobs end when the test says so. */
function handBackend() {
  const ends = new Map<number, PromiseWithResolvers<{ exitCode: number; outOfMemory: boolean }>>();
  const released: number[] = [];
  const end = (id: number) => {
    if (!ends.has(id)) ends.set(id, Promise.withResolvers());
    return ends.get(id)!;
  };
  const backend: JobBackend = {
    async checkImage(image) {
      if (image === 'missing') throw notFound('No such image: missing:latest');
    },
    async start(job) {
      if (job.image === 'broken') throw new Error('exec format error');
    },
    wait: (job, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        end(job.id).promise.then(resolve, reject);
      }),
    stop: async (job) => end(job.id).resolve({ exitCode: 143, outOfMemory: false }),
    release: async (job) => void released.push(job.id),
    async *output(): AsyncIterable<OutputLine> {
      yield { stream: 'stdout', bytes: Buffer.from('hi\n') };
    },
  };
  return { backend, end, released };
}

function queue(records = memoryRecords(), hand = handBackend()) {
  const faults: string[] = [];
  const jobs = createJobs({
    records,
    backend: hand.backend,
    capacity: { cpus: 1, memoryBytes: 2 ** 30 },
    onFault: (message) => faults.push(message),
  });
  return { jobs, records, hand, faults };
}

test('jobs run one after the other on one CPU and keep their exit codes', async () => {
  const { jobs, hand } = queue();
  const first = await jobs.submit({ image: 'a', argument: 'x y' }, 'root');
  const second = await jobs.submit({ image: 'a' }, 'root');
  assert.equal(stateName(first.state), 'RUNNING');
  assert.deepEqual(second.state, { kind: 'pending', reason: 'Resources' });
  hand.end(1).resolve({ exitCode: 3, outOfMemory: false });
  const ended = await jobs.wait(1);
  assert.equal(stateName(ended.state), 'FAILED');
  assert.equal(exitCodeOf(ended.state), 3);
  hand.end(2).resolve({ exitCode: 0, outOfMemory: false });
  assert.equal(stateName((await jobs.wait(2)).state), 'COMPLETED');
  assert.deepEqual(hand.released, [1, 2]);
});

test('cancel: pending, running, ended', async () => {
  const { jobs } = queue();
  await jobs.submit({ image: 'a' }, 'root');
  await jobs.submit({ image: 'a' }, 'root');
  assert.deepEqual(await jobs.cancel(2), { changed: true });
  assert.equal(stateName(jobs.get(2).state), 'CANCELLED');
  await jobs.cancel(1);
  assert.equal(stateName((await jobs.wait(1)).state), 'CANCELLED');
  assert.deepEqual(await jobs.cancel(1), { changed: false });
});

test('a time limit stops the job', async () => {
  const { jobs } = queue();
  await jobs.submit({ image: 'a', timeLimitMs: 1 }, 'root');
  assert.equal(stateName((await jobs.wait(1)).state), 'TIMEOUT');
});

test('an image that is missing is refused, one that cannot start fails with the reason', async () => {
  const { jobs } = queue();
  await assert.rejects(jobs.submit({ image: 'missing' }, 'root'), /No such image/);
  await jobs.submit({ image: 'broken' }, 'root');
  const { state } = await jobs.wait(1);
  assert.deepEqual(state.kind === 'ended' && state.outcome, {
    kind: 'failed',
    reason: 'exec format error',
  });
});

test('out of memory is its own outcome', async () => {
  const { jobs, hand } = queue();
  await jobs.submit({ image: 'a' }, 'root');
  hand.end(1).resolve({ exitCode: 137, outOfMemory: true });
  assert.equal(stateName((await jobs.wait(1)).state), 'OUT_OF_MEMORY');
});

test('a restart takes up what runs and what waits', async () => {
  const records = memoryRecords();
  const hand = handBackend();
  const before = queue(records, hand);
  await before.jobs.submit({ image: 'a' }, 'root');
  await before.jobs.submit({ image: 'a' }, 'root');
  await before.jobs.close();
  const after = queue(records, hand);
  await after.jobs.resume();
  hand.end(1).resolve({ exitCode: 0, outOfMemory: false });
  hand.end(2).resolve({ exitCode: 0, outOfMemory: false });
  assert.equal(stateName((await after.jobs.wait(1)).state), 'COMPLETED');
  assert.equal(stateName((await after.jobs.wait(2)).state), 'COMPLETED');
  assert.deepEqual(after.faults, []);
});
