import type { Duplex } from 'node:stream';
import { conflict, encodeFrame, unsupported } from '../../core/index.ts';
import type { EngineParts } from '../engine-parts.ts';
import { parseDetachKeys } from '../io/detach-keys.ts';
import { joinStreams, type Parting } from '../io/join-streams.ts';
import { readLog } from '../io/json-log/log-reader.ts';
import type { Listening } from '../io/output/listeners.ts';
import { logSettings } from '../runs/log-settings.ts';
import type { Run } from '../runs/run.ts';
import type { ContainerRecord } from './container-record.ts';
import type { AttachOptions, LogLine, LogOptions } from './containers.ts';

/** `ContainerStreams.attach`. */
export async function attach(
  parts: EngineParts,
  ref: string,
  client: Duplex,
  options: AttachOptions,
): Promise<void> {
  const record = parts.table.find(ref);
  const { id, state } = record;
  if (state.kind === 'paused') {
    throw conflict(`container ${ref} is paused, unpause the container before attach`);
  }
  if (state.kind === 'restarting') {
    throw conflict(`container ${ref} is restarting, wait until the container is running`);
  }
  const keys = parseDetachKeys(options.detachKeys ?? '');
  const run = parts.runs.get(id);
  if (!options.follow) {
    options.onJoined?.();
    if (options.logs) await replay(parts, record, client, options);
    parts.tell(record, 'attach');
    return;
  }
  const parting = run
    ? await joinRun(parts, run, client, { ...options, keys, mayHoldBack: false })
    : await joinNextRun(parts, record, client, { ...options, keys });
  const after = parts.table.get(id);
  if (parting === 'detached' && after) parts.tell(after, 'detach');
}

type JoinOptions = AttachOptions & { keys: readonly number[] };

/** Joins a container that runs. */
async function joinRun(
  parts: EngineParts,
  run: Run,
  client: Duplex,
  options: JoinOptions & { mayHoldBack: boolean },
): Promise<Parting> {
  const { mayHoldBack, logs: afterLog } = options;
  const record = parts.table.find(run.id);
  const listening = await parts.outputs.listen(run.id, { mayHoldBack, afterLog });
  try {
    options.onJoined?.();
    parts.tell(record, 'attach');
    if (options.logs) await replay(parts, record, client, options);
    return await couple(run, client, listening, options);
  } finally {
    listening.stop();
  }
}

/**
 * Waits for a container to start and is joined before its program begins. Who came that early gets
 * every byte: the container waits for a client that is far behind.
 */
async function joinNextRun(
  parts: EngineParts,
  record: ContainerRecord,
  client: Duplex,
  options: JoinOptions,
): Promise<Parting> {
  const { id } = record;
  const joined = Promise.withResolvers<{ run: Run; listening: Listening } | undefined>();
  let hasLeft = false;
  const joiner = async (run: Run) => {
    const listening = await parts.outputs.listen(id, { mayHoldBack: true, afterLog: false });
    // The container would wait for ever for who left meanwhile.
    if (hasLeft) listening.stop();
    else joined.resolve({ run, listening });
  };
  const waiting = parts.joiners.get(id) ?? new Set();
  parts.joiners.set(id, waiting.add(joiner));
  const leave = () => {
    hasLeft = true;
    joined.resolve(undefined);
  };
  client.once('close', leave);
  client.once('error', leave);
  options.signal?.addEventListener('abort', leave, { once: true });
  options.onJoined?.();
  parts.tell(record, 'attach');
  const found = await joined.promise;
  client.off('close', leave);
  client.off('error', leave);
  options.signal?.removeEventListener('abort', leave);
  waiting.delete(joiner);
  if (waiting.size === 0 && parts.joiners.get(id) === waiting) parts.joiners.delete(id);
  if (!found) return 'left';
  try {
    return await couple(found.run, client, found.listening, options);
  } finally {
    found.listening.stop();
  }
}

function couple(
  run: Run,
  client: Duplex,
  listening: Listening,
  { stdin, stdout, stderr, raw, keys, signal }: JoinOptions,
): Promise<Parting> {
  const input = stdin ? run.stdin : undefined;
  return joinStreams(
    client,
    { output: listening.chunks, input },
    {
      terminal: run.terminal,
      raw,
      stdout,
      stderr,
      closesInput: run.closesStdin,
      detachKeys: keys,
      signal,
    },
  );
}

/** What the log holds, as it was said. */
async function replay(
  parts: EngineParts,
  record: ContainerRecord,
  client: Duplex,
  { stdout, stderr, raw, signal }: AttachOptions,
): Promise<void> {
  const isUnframed = raw || record.config.Tty === true;
  for await (const line of logsOf(parts, record.id, { stdout, stderr, follow: false, signal })) {
    const { stream, bytes } = line;
    const isTaken = client.write(isUnframed ? bytes : encodeFrame({ stream, bytes }));
    if (!isTaken) await drained(client);
  }
}

/** Until a client has read what it was sent, or has gone. */
async function drained(client: Duplex): Promise<void> {
  if (client.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      client.off('drain', done);
      client.off('close', done);
      resolve();
    };
    client.once('drain', done);
    client.once('close', done);
  });
}

/** `ContainerStreams.logs`. Throws `unsupported` for a container that logs nothing, in Docker's words. */
export function logsOf(
  parts: EngineParts,
  ref: string,
  options: LogOptions,
): AsyncIterable<LogLine> {
  const record = parts.table.find(ref);
  const { id, hostConfig, logPath } = record;
  const settings = logSettings(hostConfig, record);
  if (!settings) throw unsupported('configured logging driver does not support reading');
  const { outputs } = parts;
  return readLog({ path: logPath, maxFiles: settings.maxFiles }, options, {
    watch: (listener) => outputs.watchLog(id, listener),
    get isOpen() {
      return outputs.isOpen(id);
    },
  });
}
