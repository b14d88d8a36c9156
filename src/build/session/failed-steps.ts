import { notFound } from '../../core/index.ts';
import type { FailedStep, FailedSteps } from '../builder.ts';

/** Failed steps that wait for somebody to look into them. */
export interface FailedStepsKeeper extends FailedSteps, AsyncDisposable {
  /** Keeps a step until it is disposed of, for a bounded time; `resources` go with it. */
  keep(step: FailedStep, resources: AsyncDisposable): FailedStep;
}

/** Nobody looks into a step any more that was left for so long. */
const keepMs = 30 * 60_000;

export function createFailedSteps(): FailedStepsKeeper {
  const kept = new Map<string, FailedStep>();
  return {
    keep(step, resources) {
      const expiry = setTimeout(() => void held[Symbol.asyncDispose](), keepMs).unref();
      const held: FailedStep = {
        ...step,
        async [Symbol.asyncDispose]() {
          if (!kept.delete(step.id)) return;
          clearTimeout(expiry);
          await step[Symbol.asyncDispose]();
          await resources[Symbol.asyncDispose]();
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
