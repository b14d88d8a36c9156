import type { StreamName } from '../json-log/json-line.ts';

export interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
}

/** Chunks on their way to one listener. */
export interface ChunkQueue {
  push(chunk: OutputChunk): void;
  end(): void;
  readonly chunks: AsyncIterable<OutputChunk>;
}

/** Holds at most the worker's window of chunks; one counts as passed on when the next is asked for. */
export function createChunkQueue(onPassedOn: (sizeBytes: number) => void): ChunkQueue {
  const queue: OutputChunk[] = [];
  let ended = false;
  let wake = () => {};
  async function* take(): AsyncIterable<OutputChunk> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk) {
        yield chunk;
        onPassedOn(chunk.bytes.length);
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    push(chunk) {
      queue.push(chunk);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    chunks: take(),
  };
}
