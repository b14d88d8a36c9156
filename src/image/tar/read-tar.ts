import type { ByteStream } from '../../core/index.ts';
import { zeros } from './sparse-content.ts';
import type { TarEntry } from './tar-entry.ts';
import { createTarParser, type StoredContent } from './tar-parser.ts';

/** A member of an archive that is being read. */
export interface TarMember {
  readonly entry: TarEntry;
  readonly stored: StoredContent;
  /** Its bytes, to be read at most once and before the next member is asked for. */
  content(): ByteStream;
}

type Event = { member: TarMember } | { data: Buffer } | { holeBytes: number };

/**
 * The members of an archive in turn; content that is not read is passed over. For many small
 * members in a worker thread, `createTarParser` is the faster face of the same reader. Throws
 * `invalid` on a malformed or cut archive.
 */
export async function* readTar(stream: ByteStream): AsyncGenerator<TarMember, void, undefined> {
  const queue: Event[] = [];
  let next = 0;
  const content = async function* (): ByteStream {
    for (;;) {
      const event = queue[next] ?? ((await refill()) ? queue[next]! : undefined);
      if (!event || 'member' in event) return;
      next++;
      if ('data' in event) yield event.data;
      else yield* zerosOf(event.holeBytes);
    }
  };
  const parser = createTarParser({
    onEntry(entry, stored) {
      queue.push({ member: { entry, stored, content } });
      return undefined;
    },
    onData: (data) => void queue.push({ data }),
    onHole: (holeBytes) => void queue.push({ holeBytes }),
  });
  const chunks = stream[Symbol.asyncIterator]();
  const refill = async (): Promise<boolean> => {
    queue.length = 0;
    next = 0;
    while (queue.length === 0) {
      const { done, value } = await chunks.next();
      if (done) {
        parser.end();
        return false;
      }
      parser.write(value);
    }
    return true;
  };

  try {
    while (next < queue.length || (await refill())) {
      const event = queue[next++]!;
      if ('member' in event) yield event.member;
    }
  } finally {
    await chunks.return?.();
  }
}

function* zerosOf(sizeBytes: number): Iterable<Buffer> {
  for (let left = sizeBytes; left > 0; left -= zeros.length) {
    yield left < zeros.length ? zeros.subarray(0, left) : zeros;
  }
}
