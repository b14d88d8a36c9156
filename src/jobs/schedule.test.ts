import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schedule } from './schedule.ts';

const capacity = { cpus: 4, memoryBytes: 1000 };
const job = (id: number, cpus: number, memoryBytes: number, timeLimitMs?: number) => ({
  id,
  resources: { cpus, memoryBytes, ...(timeLimitMs !== undefined && { timeLimitMs }) },
});

for (const { name, running = [], waiting, start, reasons } of [
  { name: 'all fit', waiting: [job(1, 1, 100), job(2, 3, 900)], start: [1, 2], reasons: {} },
  {
    name: 'memory is what lacks',
    waiting: [job(1, 1, 600), job(2, 1, 600)],
    start: [1],
    reasons: { 2: 'Resources' },
  },
  {
    name: 'a later job without limit does not overtake',
    running: [{ ...job(1, 3, 100, 1000), startedAtMs: 0 }],
    waiting: [job(2, 4, 100), job(3, 1, 100)],
    start: [],
    reasons: { 2: 'Resources', 3: 'Priority' },
  },
  {
    name: 'a later job that ends in time fills the gap',
    running: [{ ...job(1, 3, 100, 1000), startedAtMs: 0 }],
    waiting: [job(2, 4, 100), job(3, 1, 100, 900), job(4, 1, 100, 100)],
    start: [3],
    reasons: { 2: 'Resources', 4: 'Priority' },
  },
  {
    name: 'fractions that do not sum exactly still fit',
    waiting: Array.from({ length: 10 }, (_, i) => job(i + 1, 0.4, 1)),
    start: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    reasons: {},
  },
] as {
  name: string;
  running?: { id: number; resources: { cpus: number; memoryBytes: number }; startedAtMs: number }[];
  waiting: { id: number; resources: { cpus: number; memoryBytes: number } }[];
  start: number[];
  reasons: Record<number, string>;
}[]) {
  test(`schedule: ${name}`, () => {
    const plan = schedule({ capacity, running, waiting, nowMs: 50 });
    assert.deepEqual(plan.start, start);
    assert.deepEqual(Object.fromEntries(plan.reasons), reasons);
  });
}
