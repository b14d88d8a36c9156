import type { BuildEvent, BuildStep } from '../../../build/index.ts';
import { digestOf } from '../../../core/index.ts';
import type { StatusFeed } from './status-feed.ts';
import { type SourceInfo, timestampOf, type Vertex, type VertexStatus } from './status-messages.ts';

type EventOf<Kind extends BuildEvent['kind']> = Extract<BuildEvent, { kind: Kind }>;

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
  const failed: { vertex: Vertex; atMs: number }[] = [];
  const steps = new Map<number, Vertex>();
  const tasks = new Map<string, Vertex>();
  const startedAt = new Map<string, number>();
  const underWay = new Map<string, Map<string, VertexStatus>>();
  const digest = (key: string) => digestOf(`${options.ref}\n${key}`);

  function begin(vertex: Vertex, atMs: number): Vertex {
    const begun = { ...vertex, started: timestampOf(atMs) };
    startedAt.set(vertex.digest, atMs);
    feed.vertex(begun);
    return begun;
  }

  function task(name: string, atMs: number): Vertex {
    const vertex = tasks.get(name) ?? begin({ digest: digest(`task ${name}`), name }, atMs);
    tasks.set(name, vertex);
    return vertex;
  }

  function progress(
    { digest: vertex }: Vertex,
    { id, current, total }: { id: string; current: number; total?: number },
  ): void {
    const started = timestampOf(startedAt.get(vertex) ?? Date.now());
    const now = timestampOf(Date.now());
    const status = { ID: id, vertex, current, total, timestamp: now, started };
    const isDone = total !== undefined && total > 0 && current >= total;
    if (isDone) underWay.get(vertex)?.delete(id);
    else underWay.set(vertex, (underWay.get(vertex) ?? new Map()).set(id, status));
    feed.status(isDone ? { ...status, completed: now } : status);
  }

  /** The end of a vertex; what it still did ends with it, or clients would wait for that. */
  function end(vertex: Vertex, atMs: number): void {
    const completed = timestampOf(atMs);
    for (const status of underWay.get(vertex.digest)?.values() ?? []) {
      feed.status({ ...status, timestamp: completed, completed });
    }
    underWay.delete(vertex.digest);
    feed.vertex({ ...vertex, completed });
  }

  function announce(planned: readonly BuildStep[]): void {
    const lastOf = new Map<number, string>();
    for (const { number, stageIndex, title } of planned) {
      if (title === undefined) continue;
      const before = lastOf.get(stageIndex);
      const vertex = {
        digest: digest(`step ${number}`),
        name: title,
        inputs: before === undefined ? [] : [before],
      };
      lastOf.set(stageIndex, vertex.digest);
      steps.set(number, vertex);
      feed.vertex(vertex);
    }
  }

  function endStep(
    event: EventOf<'step-cached' | 'step-done' | 'step-failed' | 'step-canceled'>,
  ): void {
    const vertex = steps.get(event.step);
    if (!vertex) return;
    const started = vertex.started ?? timestampOf(event.atMs);
    end({ ...vertex, started, ...outcomeOf(event) }, event.atMs);
  }

  function endTask({ task: name, atMs, detail, failed: hasFailed }: EventOf<'task-done'>): void {
    const vertex = task(name, atMs);
    if (hasFailed && !detail) failed.push({ vertex, atMs });
    else if (hasFailed) end({ ...vertex, error: detail }, atMs);
    else {
      if (name === exportTask && detail) tellExport(vertex, detail);
      end(vertex, atMs);
    }
  }

  function tellExport(vertex: Vertex, imageId: string): void {
    const names = options.names.map((name) => `naming to ${name}`);
    for (const id of ['exporting layers', `writing image ${imageId}`, ...names]) {
      const now = timestampOf(Date.now());
      const { started = now } = vertex;
      feed.status({
        ID: id,
        vertex: vertex.digest,
        current: 0,
        timestamp: now,
        started,
        completed: now,
      });
    }
  }

  function warn({ code, message, line, detail }: EventOf<'warning'>): void {
    const vertex = [...tasks.values()][0];
    if (!vertex) return;
    const info = options.source();
    const range = { start: { Line: line ?? 0 }, end: { Line: line ?? 0 } };
    feed.warning({
      vertex: vertex.digest,
      level: 1,
      short: Buffer.from(`${code}: ${message}${line ? ` (line ${line})` : ''}`),
      detail: detail ? [Buffer.from(detail)] : [],
      url: ruleUrl(code),
      ...(line && info && { info, ranges: [range] }),
    });
  }

  function onEvent(event: BuildEvent): void {
    if ('task' in event && event.task === exportTask && !options.keepsImage) return;
    switch (event.kind) {
      case 'plan':
        return announce(event.steps);
      case 'task-started':
        return void task(event.task, event.atMs);
      case 'task-progress':
        return progress(task(event.task, Date.now()), {
          ...event,
          id: event.id ?? transferOf(event.task),
        });
      case 'task-done':
        return endTask(event);
      case 'step-started': {
        const vertex = steps.get(event.step);
        if (vertex) steps.set(event.step, begin(vertex, event.atMs));
        return;
      }
      case 'step-output': {
        const vertex = steps.get(event.step);
        const stream = event.stream === 'stdout' ? 1 : 2;
        if (!vertex) return;
        feed.log({
          vertex: vertex.digest,
          timestamp: timestampOf(Date.now()),
          stream,
          msg: event.bytes,
        });
        return;
      }
      case 'step-progress': {
        const vertex = steps.get(event.step);
        if (vertex) progress(vertex, { ...event, id: `${event.action} ${event.id}` });
        return;
      }
      case 'step-cached':
      case 'step-done':
      case 'step-failed':
      case 'step-canceled':
        return endStep(event);
      case 'warning':
        return warn(event);
    }
  }

  return {
    onEvent,
    fail(message) {
      for (const { vertex, atMs } of failed.splice(0)) end({ ...vertex, error: message }, atMs);
    },
  };
}

const exportTask = 'exporting to image';

function outcomeOf(
  event: EventOf<'step-cached' | 'step-done' | 'step-failed' | 'step-canceled'>,
): Partial<Vertex> {
  if (event.kind === 'step-cached') return { cached: true };
  if (event.kind === 'step-failed') return { error: event.message };
  // The clients know a canceled vertex by these very words.
  if (event.kind === 'step-canceled') return { error: 'context canceled' };
  return {};
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
