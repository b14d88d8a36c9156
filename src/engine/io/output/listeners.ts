import { type ChunkQueue, createChunkQueue, type OutputChunk } from './chunk-queue.ts';
import type { SubscribeOptions } from './messages.ts';
import type { WorkerLink } from './worker-link.ts';

/** One listener's share of a container's output. */
export interface Listening {
  /** Ends when the container's output ended, `stop` was called, or the listener fell too far behind. */
  readonly chunks: AsyncIterable<OutputChunk>;
  stop(): void;
}

export type ListenOptions = Omit<SubscribeOptions, 'id' | 'subscriber'>;

/** Who listens to output, by the numbers the worker knows them by. */
export interface Listeners {
  readonly count: number;
  listen(id: string, options: ListenOptions): Promise<Listening>;
  deliver(subscriber: number, chunk: OutputChunk): void;
  end(subscriber: number): void;
}

export function createListeners(link: Pick<WorkerLink, 'ask' | 'tell'>): Listeners {
  const queues = new Map<number, ChunkQueue>();
  let lastSubscriber = 0;
  return {
    get count() {
      return queues.size;
    },
    async listen(id, options) {
      const subscriber = ++lastSubscriber;
      const queue = createChunkQueue((sizeBytes) =>
        link.tell({ kind: 'passed-on', subscriber, sizeBytes }),
      );
      queues.set(subscriber, queue);
      try {
        await link.ask({ kind: 'subscribe', options: { id, subscriber, ...options } });
      } catch (error) {
        queues.delete(subscriber);
        throw error;
      }
      return {
        chunks: queue.chunks,
        stop() {
          queue.end();
          if (queues.delete(subscriber)) link.tell({ kind: 'unsubscribe', subscriber });
        },
      };
    },
    deliver: (subscriber, chunk) => queues.get(subscriber)?.push(chunk),
    end(subscriber) {
      queues.get(subscriber)?.end();
      queues.delete(subscriber);
    },
  };
}
