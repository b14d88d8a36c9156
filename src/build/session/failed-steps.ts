import { notFound } from '../../core/index.ts';
import type { FailedStep, FailedSteps } from '../builder.ts';

/** Failed steps that wait for somebody to look into them. */
export interface FailedStepsKeeper extends FailedSteps, AsyncDisposable {
  /** Keeps a step until it is disposed of, for a bounded time; `resources` go with it. */
  keep(step: FailedStep, resources: AsyncDisposable): FailedStep;
}

/** Nobody looks into a step any more that was left for so long. */
const keepMs = 30 * 60_000;

/** `sweep` takes over the wait for the end of those that were forgotten. */
export function createFailedSteps(sweep: (removal: Promise<void>) => void): FailedStepsKeeper {
  const kept = new Map<string, FailedStep>();
  return {
    keep(step, resources) {
      const expiry = setInterval(() => {
        if (!step.isOpen()) sweep(Promise.resolve(held[Symbol.asyncDispose]()));
      }, keepMs).unref();
      const held: FailedStep = {
        ...step,
        async [Symbol.asyncDispose]() {
          if (!kept.delete(step.id)) return;
          clearInterval(expiry);
          await using both = new AsyncDisposableStack();
          both.use(resources);
          both.use(step);
        },
      };
      kept.set(step.id, held);
      return held;
    },
    get(id) {
      const step = kept.get(id);
      if (!step) throw notFound(`find failed step: there is no ${id.slice(0, 80)}`);
      return step;
    },
    async [Symbol.asyncDispose]() {
      for (const step of kept.values()) await step[Symbol.asyncDispose]();
    },
  };
}
