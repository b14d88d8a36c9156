import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { encodeFrame } from '../../../core/index.ts';
import type { LogLine, TerminalSize } from '../../../engine/index.ts';

/** What a fake program sees of its container. */
interface Io {
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly input: AsyncIterable<Uint8Array>;
  readonly size: () => TerminalSize | undefined;
  write(text: string | Uint8Array, stream?: 'stdout' | 'stderr'): void;
  /** Resolves with the signal that ends the program. */
  readonly killed: Promise<string>;
}

/** Programs that containers of the fake engine can run; each gives its exit code. */
const programs: Record<string, (io: Io) => Promise<number> | number> = {
  true: () => 0,
  echo({ argv, write }) {
    write(`${argv.slice(1).join(' ')}\n`);
    return 0;
  },
  both({ write }) {
    write('to stdout\n');
    write('to stderr\n', 'stderr');
    return 0;
  },
  exit: ({ argv }) => Number(argv[1]),
  async cat({ input, write }) {
    for await (const chunk of input) write(chunk);
    write('[end of input]\n');
    return 0;
  },
  sleep: async ({ killed }) => ((await killed) === 'TERM' ? 143 : 137),
  /** A terminal's echo: shows its size, and ends at Ctrl-C or Ctrl-D. */
  async shell({ input, size, write }) {
    write('$ ');
    for await (const chunk of input) {
      const text = Buffer.from(chunk).toString();
      if (text.includes('\x03')) return 130;
      if (text.includes('\x04')) return 0;
      if (text.includes('size\r')) write(`\r\n${size()?.rows}x${size()?.columns}\r\n$ `);
      else write(text);
    }
    return 1;
  },
};

/** A fake program that runs, or will once it is begun. */
export interface Process {
  readonly output: LogLine[];
  readonly listeners: Set<(line: LogLine | undefined) => void>;
  readonly input: InputQueue;
  size?: TerminalSize;
  kill: (signal: string) => void;
  readonly exited: Promise<number>;
}

const starters = new WeakMap<Process, () => void>();
export const begin = (process: Process) => starters.get(process)?.();

export function newProcess(argv: readonly string[], tty: boolean): Process {
  const input = new InputQueue();
  const killed = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const listeners = new Set<(line: LogLine | undefined) => void>();
  const output: LogLine[] = [];
  const program = programs[argv[0] ?? ''];
  async function live(): Promise<number> {
    await started.promise;
    if (!program) return 127;
    const io: Io = {
      argv,
      tty,
      input,
      size: () => process.size,
      killed: killed.promise,
      write(text, stream = 'stdout') {
        const line = { stream, time: new Date().toISOString(), bytes: Buffer.from(text) };
        output.push(line);
        for (const listener of listeners) listener(line);
      },
    };
    const signalled = killed.promise.then((signal) => (signal === 'TERM' ? 143 : 137));
    return await Promise.race([program(io), signalled]);
  }
  const exited = live().then((code) => {
    for (const listener of listeners) listener(undefined);
    return code;
  });
  const kill = (signal: string) => {
    if (!['WINCH', 'SIGWINCH', '28'].includes(signal)) killed.resolve(signal);
  };
  const process: Process = { output, listeners, input, kill, exited };
  starters.set(process, started.resolve);
  return process;
}

export function nextLine(process: Process, signal?: AbortSignal): Promise<LogLine | undefined> {
  return new Promise((resolve) => {
    const listener = (line: LogLine | undefined) => {
      process.listeners.delete(listener);
      resolve(line);
    };
    process.listeners.add(listener);
    signal?.addEventListener('abort', () => listener(undefined));
  });
}

/** Joins a stream to a process until its output ends or Ctrl-P Ctrl-Q comes. */
export async function join(
  process: Process,
  stream: Duplex,
  options: { tty: boolean; raw?: boolean; stdin: boolean; stdout: boolean; stderr: boolean },
): Promise<void> {
  const left = Promise.withResolvers<void>();
  const listener = (line: LogLine | undefined) => {
    if (line === undefined) left.resolve();
    else if (line.stream === 'stdout' ? options.stdout : options.stderr) {
      stream.write(options.tty || options.raw ? line.bytes : encodeFrame(line));
    }
  };
  process.listeners.add(listener);
  const onData = (chunk: Buffer) => {
    if (chunk.includes('\x10\x11')) left.resolve();
    else process.input.push(chunk);
  };
  // A terminal has no end of input: the client leaves, the program stays.
  const onEnd = () => (options.tty ? left.resolve() : process.input.end());
  if (options.stdin) {
    stream.on('data', onData);
    stream.once('end', onEnd);
  }
  stream.once('close', () => left.resolve());
  await left.promise;
  process.listeners.delete(listener);
  stream.off('data', onData);
  stream.off('end', onEnd);
}

/** What was typed and not yet read. */
class InputQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  readonly #changed = new EventTarget();

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#changed.dispatchEvent(new Event('change'));
  }

  end(): void {
    this.#ended = true;
    this.#changed.dispatchEvent(new Event('change'));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) yield chunk;
      else if (this.#ended) return;
      else await once(this.#changed, 'change');
    }
  }
}
