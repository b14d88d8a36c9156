/** A daemon reduced to its engine, for tests that kill it: forked with a folder and runtimes, driven by messages. */
import { openStage } from './engine-stage.ts';

export interface Ask {
  readonly number: number;
  readonly method: 'create' | 'start' | 'stop' | 'remove' | 'pause';
  readonly args: readonly unknown[];
}
export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

const stage = await openStage(process.argv[2]!, { runtimes: JSON.parse(process.argv[3]!) });
process.on('message', ({ number, method, args }: Ask) => {
  const work =
    method === 'create'
      ? stage.create(...(args as Parameters<typeof stage.create>))
      : (stage.engine.containers[method] as (...a: unknown[]) => Promise<unknown>)(...args);
  work.then(
    (result) => process.send?.({ number, result } satisfies Answer),
    (error) => process.send?.({ number, error: String(error) } satisfies Answer),
  );
});
process.send?.('ready');
