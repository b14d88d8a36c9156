import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, LogOptions } from '../../containers/containers.ts';
import { findTail, type LogFile, openLogFile } from './log-file.ts';

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** How a reader learns that a log being written has more. */
export interface LogGrowth {
  /**
   * Calls back after each growth from when it resolves, and when the log has ended, until the
   * function given back is called.
   */
  watch(listener: () => void): Promise<() => void>;
  /** Whether more can come. */
  readonly isOpen: boolean;
}

/**
 * The lines of a json-file log from its oldest file to the newest, through rotations. With `tail`
 * only that many are read, from the end. A line that is no JSON (a disk error) is left out.
 */
export async function* readLog(
  log: { readonly path: string; readonly maxFiles: number },
  options: LogOptions,
  growth?: LogGrowth,
): AsyncGenerator<LogLine> {
  const follow = options.follow && growth?.isOpen ? growth : undefined;
  // Watched from before the first read, so that nothing falls between reading and waiting.
  const bell = createBell(options);
  const unwatch = await follow?.watch(bell.ring);
  try {
    yield* chosen(readFiles(log, options, follow && { growth: follow, bell }), options);
  } finally {
    unwatch?.();
    bell.stop();
  }
}

type Lines = readonly string[];

interface Following {
  readonly growth: LogGrowth;
  readonly bell: Bell;
}

async function* readFiles(
  log: { readonly path: string; readonly maxFiles: number },
  options: LogOptions,
  following: Following | undefined,
): AsyncGenerator<Lines> {
  const files = await openAll(log);
  try {
    const start = await startOf(files, options.tail);
    for (const [index, file] of files.entries()) {
      if (index < start.index) continue;
      const offset = index === start.index ? start.offset : 0;
      const isNewest = index === files.length - 1;
      const position = yield* linesOf(file, offset);
      if (!isNewest || !following) continue;
      yield* follow(log, file, position, following);
    }
  } finally {
    for (const file of files) await file[Symbol.asyncDispose]();
  }
}

/** From the oldest to the newest. */
async function openAll(log: { path: string; maxFiles: number }): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let index = log.maxFiles - 1; index >= 0; index--) {
    const file = await openLogFile(index === 0 ? log.path : `${log.path}.${index}`);
    // A rotation between two openings would show a file twice.
    if (file && files.at(-1)?.inode !== file.inode) files.push(file);
    else await file?.[Symbol.asyncDispose]();
  }
  return files;
}

async function startOf(
  files: readonly LogFile[],
  tail: number | undefined,
): Promise<{ index: number; offset: number }> {
  if (tail === undefined) return { index: 0, offset: 0 };
  const last = files.length - 1;
  if (tail === 0) return { index: last, offset: (await files[last]?.sizeBytes()) ?? 0 };
  let missing = tail;
  for (let index = last; index >= 0; index--) {
    const found = await findTail(files[index]!, missing);
    missing -= found.lines;
    if (missing === 0) return { index, offset: found.offset };
  }
  return { index: 0, offset: 0 };
}

/**
 * Whole lines from an offset on; gives where the first one that is not whole begins. They come by
 * the block: a step of an asynchronous generator costs more than a line.
 */
async function* linesOf(file: LogFile, start: number): AsyncGenerator<Lines, number> {
  let offset = start;
  let wantedBytes = blockBytes;
  for (;;) {
    const block = await file.read(offset, wantedBytes);
    const end = block.lastIndexOf(newline) + 1;
    if (end === 0) {
      if (block.length < wantedBytes) return offset;
      wantedBytes *= 2;
      continue;
    }
    yield block.toString('utf8', 0, end - 1).split('\n');
    offset += end;
    wantedBytes = blockBytes;
  }
}

/** Goes on with what comes, in the file at hand and in those that take its place. */
async function* follow(
  log: { readonly path: string; readonly maxFiles: number },
  first: LogFile,
  start: number,
  { growth, bell }: Following,
): AsyncGenerator<Lines> {
  let file = first;
  let position = start;
  try {
    for (;;) {
      const isLast = !growth.isOpen || bell.isOver;
      // A log that may have but one file is emptied in place.
      if ((await file.sizeBytes()) < position) position = 0;
      position = yield* linesOf(file, position);
      const newer = await newerFiles(log, file);
      for (const [index, next] of newer.entries()) {
        if (file !== first) await file[Symbol.asyncDispose]();
        file = next;
        position = yield* linesOf(file, 0);
        if (index < newer.length - 1) continue;
      }
      if (isLast) return;
      if (newer.length === 0) await bell.next();
    }
  } finally {
    if (file !== first) await file[Symbol.asyncDispose]();
  }
}

/** The files begun after this one, oldest first. */
async function newerFiles(
  log: { path: string; maxFiles: number },
  current: LogFile,
): Promise<LogFile[]> {
  const stats = await stat(log.path).catch(() => undefined);
  if (!stats || stats.ino === current.inode) return [];
  const files = await openAll(log);
  const place = files.findIndex(({ inode }) => inode === current.inode);
  const newer = files.splice(place + 1);
  for (const file of files) await file[Symbol.asyncDispose]();
  return newer;
}

async function* chosen(
  blocks: AsyncIterable<Lines>,
  { stdout, stderr, sinceMs, untilMs }: LogOptions,
): AsyncGenerator<LogLine> {
  for await (const lines of blocks) {
    for (const text of lines) {
      const line = parseLine(text);
      if (!line) continue;
      const atMs = sinceMs === undefined && untilMs === undefined ? 0 : exactMs(line.time);
      if (untilMs !== undefined && atMs > untilMs) return;
      if (sinceMs !== undefined && atMs < sinceMs) continue;
      if (line.stream === 'stdout' ? stdout : stderr) yield line;
    }
  }
}

interface StoredLine {
  log?: string;
  stream?: string;
  time?: string;
  attrs?: Record<string, string>;
}

function parseLine(text: string): LogLine | undefined {
  let stored: StoredLine;
  try {
    stored = JSON.parse(text) as StoredLine;
  } catch {
    return undefined;
  }
  const { log = '', stream, time = '', attrs } = stored;
  return {
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    time,
    bytes: Buffer.from(log),
    ...(attrs && { attributes: attrs }),
  };
}

/** Milliseconds with their fraction: `Date` alone cuts nanoseconds off. */
function exactMs(time: string): number {
  const dot = time.indexOf('.');
  if (dot < 0) return Date.parse(time);
  return Date.parse(`${time.slice(0, dot)}Z`) + Number(`0${time.slice(dot, -1)}`) * 1000;
}

interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring, at once when it rang since the last call. */
  next(): Promise<void>;
  /** The caller has gone, or the time it asked for has passed. */
  readonly isOver: boolean;
  stop(): void;
}

function createBell({ signal, untilMs }: LogOptions): Bell {
  let rung = false;
  let over = false;
  let wake = () => {};
  const ring = () => {
    rung = true;
    wake();
  };
  const end = () => {
    over = true;
    ring();
  };
  const stopped = new AbortController();
  signal?.addEventListener('abort', end, { signal: stopped.signal });
  if (untilMs !== undefined) {
    const delayMs = Math.max(0, untilMs - Date.now());
    sleep(Math.min(delayMs, 2 ** 31 - 1), undefined, { signal: stopped.signal }).then(
      end,
      () => {},
    );
  }
  return {
    ring,
    async next() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      rung = false;
    },
    get isOver() {
      return over || signal?.aborted === true;
    },
    stop: () => stopped.abort(),
  };
}
