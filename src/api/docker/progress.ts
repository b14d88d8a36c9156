import { BerthError, errorMessage, formatSize } from '../../core/index.ts';
import { jsonLines, type Reply } from '../http/reply.ts';

/** A line of Docker's JSON progress (jsonmessage): pulls, pushes, builds, loads. */
export interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly aux?: unknown;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly error?: string;
}

/** Sends a message; one that is not yet on its way gives place to a later one of the same key. */
export type SendProgress = (message: ProgressMessage, key?: string) => void;

/**
 * A reply that tells how `work` goes on. A failure before the first message has a status of its
 * own; after it, it is the last message. `describe` adds a code to it.
 */
export function progressReply(
  work: (send: SendProgress) => Promise<void>,
  options: { describe?: (error: unknown) => { code?: number; message: string } } = {},
): Reply {
  return jsonLines(runWithProgress(work, options.describe ?? describeError), {
    head: 'first-chunk',
  });
}

function describeError(error: unknown): { message: string } {
  return { message: errorMessage(error) };
}

async function* runWithProgress(
  work: (send: SendProgress) => Promise<void>,
  describe: (error: unknown) => { code?: number; message: string },
): AsyncGenerator<ProgressMessage> {
  const queue = createQueue();
  let wake = () => {};
  let outcome: { error?: unknown } | undefined;
  const settled = (result: { error?: unknown }) => {
    outcome = result;
    wake();
  };
  const send: SendProgress = (message, key) => {
    queue.add(message, key);
    wake();
  };
  work(send).then(
    () => settled({}),
    (error: unknown) => settled({ error }),
  );
  let told = false;
  for (;;) {
    const ready = queue.takeAll();
    told ||= ready.length > 0;
    yield* ready;
    if (!queue.isEmpty()) continue;
    if (outcome) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  if (!('error' in outcome)) return;
  if (!told) throw outcome.error;
  const detail = describe(outcome.error);
  yield { errorDetail: detail, error: detail.message };
}

/** What a client that does not read may leave waiting in memory. */
const mostQueuedCharacters = 16 * 2 ** 20;

/**
 * Messages that wait for the client. Of a key only the newest waits; output beyond 16 MiB is
 * dropped, and that is told in its place.
 */
function createQueue() {
  let entries: { message: ProgressMessage }[] = [];
  let byKey = new Map<string, { message: ProgressMessage }>();
  let characters = 0;
  return {
    isEmpty: () => entries.length === 0,
    add(message: ProgressMessage, key?: string): void {
      const waiting = key === undefined ? undefined : byKey.get(key);
      if (waiting) {
        waiting.message = message;
        return;
      }
      const isFull = characters > mostQueuedCharacters;
      if (message.stream !== undefined && isFull) return;
      characters += message.stream?.length ?? 0;
      const cut = message.stream !== undefined && characters > mostQueuedCharacters;
      const entry = { message: cut ? { stream: '[output dropped: nobody reads it]\n' } : message };
      entries.push(entry);
      if (key !== undefined) byKey.set(key, entry);
    },
    takeAll(): ProgressMessage[] {
      const taken = entries.map(({ message }) => message);
      entries = [];
      byKey = new Map();
      characters = 0;
      return taken;
    },
  };
}

/** A message with a bar, as old clients print it and new ones draw it themselves. */
export function transferMessage(
  status: string,
  { id, current, total }: { id: string; current: number; total: number },
): ProgressMessage {
  return {
    status,
    progressDetail: { current, total },
    progress: progressBar(current, total),
    id,
  };
}

const barWidth = 50;

/** `[====>    ]  12.3kB/1.98MB`. */
export function progressBar(current: number, total: number): string {
  const size = formatSize(current, 4).padStart(8);
  if (total <= 0) return size;
  const filled = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const bar = `[${'='.repeat(filled)}>${' '.repeat(barWidth - filled)}]`;
  return current > total ? `${bar} ${size}` : `${bar} ${size}/${formatSize(total, 4)}`;
}

/** Whether the error's details hold a process's exit code, for `errorDetail.code`. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof BerthError)) return undefined;
  const { exitCode } = (error.details ?? {}) as { exitCode?: unknown };
  return typeof exitCode === 'number' ? exitCode : undefined;
}
