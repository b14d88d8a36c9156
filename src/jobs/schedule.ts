import type { Capacity } from './admission.ts';
import type { Resources } from './job.ts';

export interface Waiting {
  readonly id: number;
  readonly resources: Resources;
}

export interface Running extends Waiting {
  readonly startedAtMs: number;
}

/** Which waiting jobs start now, and why each other one waits (Slurm's reasons). */
export interface Plan {
  readonly start: readonly number[];
  readonly reasons: ReadonlyMap<number, 'Resources' | 'Priority'>;
}

/**
 * First come, first served, with backfill: a job may overtake a waiting one only when its time
 * limit lets it end before the first waiting job could have started.
 */
export function schedule(world: {
  capacity: Capacity;
  running: readonly Running[];
  waiting: readonly Waiting[];
  nowMs: number;
}): Plan {
  const start: number[] = [];
  const reasons = new Map<number, 'Resources' | 'Priority'>();
  const active: Running[] = [...world.running];
  const free = { ...world.capacity };
  for (const job of active) take(free, job.resources);
  let headStartsAtMs: number | undefined;
  for (const job of world.waiting) {
    const overtakes = headStartsAtMs !== undefined;
    const endsAtMs = world.nowMs + (job.resources.timeLimitMs ?? Number.POSITIVE_INFINITY);
    if (fits(free, job.resources) && (!overtakes || endsAtMs <= headStartsAtMs!)) {
      take(free, job.resources);
      active.push({ ...job, startedAtMs: world.nowMs });
      start.push(job.id);
    } else if (overtakes) {
      reasons.set(job.id, 'Priority');
    } else {
      reasons.set(job.id, 'Resources');
      headStartsAtMs = earliestStart(free, active, job.resources);
    }
  }
  return { start, reasons };
}

/** When enough running jobs must have ended, by their limits, for `wanted` to fit. */
function earliestStart(free: Capacity, active: readonly Running[], wanted: Resources): number {
  const left = { ...free };
  const endOf = (job: Running) =>
    job.startedAtMs + (job.resources.timeLimitMs ?? Number.POSITIVE_INFINITY);
  for (const job of active.toSorted((a, b) => endOf(a) - endOf(b))) {
    left.cpus += job.resources.cpus;
    left.memoryBytes += job.resources.memoryBytes;
    if (fits(left, wanted)) return endOf(job);
  }
  return Number.POSITIVE_INFINITY;
}

/** CPUs are compared with a margin: sums of fractions such as 0.1 are not exact. */
function fits(free: Capacity, wanted: Resources): boolean {
  return wanted.cpus <= free.cpus + 1e-9 && wanted.memoryBytes <= free.memoryBytes;
}

function take(free: { cpus: number; memoryBytes: number }, resources: Resources): void {
  free.cpus -= resources.cpus;
  free.memoryBytes -= resources.memoryBytes;
}
