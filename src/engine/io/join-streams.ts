import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { encodeFrame } from '../../core/index.ts';
import { detachFilter } from './detach-keys.ts';
import type { OutputChunk } from './output/chunk-queue.ts';

/** The streams of a process as a client gets to them. */
export interface ProcessStreams {
  readonly output: AsyncIterable<OutputChunk>;
  /** Undefined for a process that reads nothing. */
  readonly input: { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> } | undefined;
}

export interface JoinOptions {
  readonly terminal: boolean;
  /** Output goes unframed also without a terminal. */
  readonly raw?: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The end of the client's input is the end of the process's, too. */
  readonly closesInput: boolean;
  readonly detachKeys: readonly number[];
  readonly signal?: AbortSignal;
}

/** Why a client and a process parted: output ended, the client went, or it typed the detach keys. */
export type Parting = 'ended' | 'left' | 'detached';

/**
 * Couples a client with a process until one of them has had enough. Output is raw from a terminal and
 * framed otherwise, and waits for the client. The client's stream stays open: it is the caller's.
 */
export async function joinStreams(
  client: Duplex,
  process: ProcessStreams,
  options: JoinOptions,
): Promise<Parting> {
  const parted = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Parting>();
  const part = (how: Parting) => {
    parted.abort();
    resolve(how);
  };
  const leave = () => part('left');
  client.once('close', leave);
  client.once('error', leave);
  options.signal?.addEventListener('abort', leave, { once: true });
  if (options.signal?.aborted || client.destroyed) leave();
  passOutput(client, process.output, { ...options, parted: parted.signal }).then(
    () => part('ended'),
    () => part('left'),
  );
  passInput(client, process.input, { ...options, parted: parted.signal }).then(
    (how) => how && part(how),
    leave,
  );
  try {
    return await promise;
  } finally {
    client.off('close', leave);
    client.off('error', leave);
    options.signal?.removeEventListener('abort', leave);
  }
}

async function passOutput(
  client: Duplex,
  output: AsyncIterable<OutputChunk>,
  { terminal, raw, stdout, stderr, parted }: JoinOptions & { parted: AbortSignal },
): Promise<void> {
  for await (const { stream, bytes } of output) {
    if (parted.aborted) return;
    if (stream === 'stdout' ? !stdout : !stderr) continue;
    const isTaken = client.write(terminal || raw ? bytes : encodeFrame({ stream, bytes }));
    if (!isTaken) await once(client, 'drain', { signal: parted });
  }
}

/** Gives how the client parted, or undefined when only its input has ended. */
async function passInput(
  client: Duplex,
  input: ProcessStreams['input'],
  { terminal, closesInput, detachKeys, parted }: JoinOptions & { parted: AbortSignal },
): Promise<Parting | undefined> {
  const filter = terminal ? detachFilter(detachKeys) : undefined;
  const chunks = client.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  for await (const chunk of chunks) {
    if (parted.aborted) return undefined;
    // Read all the same: a client that has gone is noticed by its end.
    if (!input) continue;
    const { bytes, detached } = filter?.(chunk) ?? { bytes: chunk, detached: false };
    await input.write(bytes);
    if (detached) return 'detached';
  }
  if (!input) return undefined;
  if (terminal || !closesInput) return 'left';
  await input.close();
  return undefined;
}
