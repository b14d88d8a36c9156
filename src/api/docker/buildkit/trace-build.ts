import type { BuildEvent, BuildStep } from '../../../build/index.ts';
import { digestOf } from '../../../core/index.ts';
import type { StatusFeed } from './status-feed.ts';
import { type SourceInfo, timestampOf, type Vertex } from './status-messages.ts';
import { createVertexBook, type VertexBook } from './vertex-book.ts';

type EventOf<Kind extends BuildEvent['kind']> = Extract<BuildEvent, { kind: Kind }>;
type Handlers = { readonly [Kind in BuildEvent['kind']]?: (event: EventOf<Kind>) => void };

/** What the view needs to know beside the events. */
export interface TraceOptions {
  /** Makes the names of this build's vertices its own. */
  readonly ref: string;
  /** Names the image gets, for `naming to …`. */
  readonly names: readonly string[];
  /** Whether the image is stored under its names. */
  readonly keepsImage: boolean;
  /** The Dockerfile, where it is known. */
  readonly source: () => SourceInfo | undefined;
}

/** Tells a build's events in BuildKit's words: vertices, what they do, what they write. */
export interface BuildTrace {
  onEvent(event: BuildEvent): void;
  /** Ends what failed without a word of its own with these. */
  fail(message: string): void;
}

export function traceBuild(feed: StatusFeed, options: TraceOptions): BuildTrace {
  const book = createVertexBook(feed);
  const tasks = taskHandlers(book, feed, options);
  const handlers: Handlers = { ...stepHandlers(book, feed, options), ...tasks.handlers };
  return {
    fail: tasks.fail,
    onEvent(event) {
      if ('task' in event && event.task === exportTask && !options.keepsImage) return;
      (handlers[event.kind] as ((event: BuildEvent) => void) | undefined)?.(event);
    },
  };
}

const exportTask = 'exporting to image';

function stepHandlers(book: VertexBook, feed: StatusFeed, { ref }: TraceOptions): Handlers {
  const steps = new Map<number, Vertex>();

  function announce(planned: readonly BuildStep[]): void {
    const lastOf = new Map<number, string>();
    for (const { number, stageIndex, title } of planned) {
      if (title === undefined) continue;
      const before = lastOf.get(stageIndex);
      const digest = digestOf(`${ref}\nstep ${number}`);
      const vertex = { digest, name: title, inputs: before === undefined ? [] : [before] };
      lastOf.set(stageIndex, digest);
      steps.set(number, vertex);
      feed.vertex(vertex);
    }
  }

  const ending = (event: { step: number; atMs: number }, outcome: Partial<Vertex>) => {
    const vertex = steps.get(event.step);
    if (vertex) book.end({ ...vertex, ...outcome }, event.atMs);
  };

  return {
    plan: ({ steps: planned }) => announce(planned),
    'step-started'({ step, atMs }) {
      const vertex = steps.get(step);
      if (vertex) steps.set(step, book.begin(vertex, atMs));
    },
    'step-output'({ step, stream, bytes }) {
      const vertex = steps.get(step)?.digest;
      const timestamp = timestampOf(Date.now());
      if (vertex) feed.log({ vertex, timestamp, stream: stream === 'stdout' ? 1 : 2, msg: bytes });
    },
    'step-progress'({ step, id, action, current, total }) {
      const vertex = steps.get(step);
      if (vertex) book.progress(vertex, { id: `${action} ${id}`, current, total });
    },
    'step-cached': (event) => ending(event, { cached: true }),
    'step-done': (event) => ending(event, {}),
    'step-failed': (event) => ending(event, { error: event.message }),
    // The clients know a canceled vertex by these very words.
    'step-canceled': (event) => ending(event, { error: 'context canceled' }),
  };
}

function taskHandlers(
  book: VertexBook,
  feed: StatusFeed,
  options: TraceOptions,
): { handlers: Handlers; fail(message: string): void } {
  const tasks = new Map<string, Vertex>();
  const failed: { vertex: Vertex; atMs: number }[] = [];

  function task(name: string, atMs: number): Vertex {
    const digest = digestOf(`${options.ref}\ntask ${name}`);
    const vertex = tasks.get(name) ?? book.begin({ digest, name }, atMs);
    tasks.set(name, vertex);
    return vertex;
  }

  const handlers: Handlers = {
    'task-started': ({ task: name, atMs }) => void task(name, atMs),
    'task-progress'({ task: name, id = transferOf(name), current, total }) {
      book.progress(task(name, Date.now()), { id, current, total });
    },
    'task-done'({ task: name, atMs, detail, failed: hasFailed }) {
      const vertex = task(name, atMs);
      if (hasFailed && !detail) failed.push({ vertex, atMs });
      else if (hasFailed) book.end({ ...vertex, error: detail }, atMs);
      else {
        if (name === exportTask && detail) tellExport(vertex, detail);
        book.end(vertex, atMs);
      }
    },
    warning({ code, message, line, detail }) {
      const [vertex] = tasks.values();
      if (!vertex) return;
      const info = options.source();
      const at = { Line: line ?? 0 };
      feed.warning({
        vertex: vertex.digest,
        level: 1,
        short: Buffer.from(`${code}: ${message}${line ? ` (line ${line})` : ''}`),
        detail: detail ? [Buffer.from(detail)] : [],
        url: ruleUrl(code),
        ...(line && info && { info, ranges: [{ start: at, end: at }] }),
      });
    },
  };

  function tellExport(vertex: Vertex, imageId: string): void {
    book.did(vertex, 'exporting layers');
    book.did(vertex, `writing image ${imageId}`);
    for (const name of options.names) book.did(vertex, `naming to ${name}`);
  }

  return {
    handlers,
    fail(message) {
      for (const { vertex, atMs } of failed.splice(0)) {
        book.end({ ...vertex, error: message }, atMs);
      }
    },
  };
}

/** What a task that moves bytes calls that. */
function transferOf(task: string): string {
  if (task.startsWith('[internal] load build definition')) return 'transferring dockerfile:';
  if (task === '[internal] load build context') return 'transferring context:';
  return task.startsWith('[context ') ? `transferring ${task.slice(9).split(']')[0]}:` : task;
}

/** Where a check of the Dockerfile is explained. */
export function ruleUrl(code: string): string | undefined {
  if (!/^[A-Z][A-Za-z]+$/.test(code)) return undefined;
  const slug = code.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${slug}/`;
}
