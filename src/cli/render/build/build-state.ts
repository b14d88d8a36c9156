import { StringDecoder } from 'node:string_decoder';
import type { BuildMessage } from '../../../client/index.ts';

/** One line of the view: a step, or work around the steps. */
export interface Vertex {
  /** Counts from 1 in the order of appearance, as in `#5`. */
  readonly number: number;
  readonly key: string;
  readonly title: string;
  startedAtMs: number;
  endedAtMs?: number;
  outcome?: 'done' | 'cached' | 'failed' | 'canceled';
  /** What it says of itself while it runs: `transferring 1.2MB`; why it failed. */
  detail?: string;
  /** What it wrote after the last newline. */
  partialLine: string;
  /** Keeps characters whole that are cut between two messages. */
  readonly decoder: StringDecoder;
  /** The last lines it wrote. */
  readonly tail: string[];
}

export interface BuildState {
  readonly vertices: Map<string, Vertex>;
  total: number;
}

/** What one message changed, for the renderers. */
export interface Change {
  readonly vertex: Vertex;
  readonly kind: 'started' | 'ended' | 'detail' | 'output';
  readonly lines?: readonly string[];
}

const tailLines = 6;

/** Follows a build's messages: each call changes the state and says what changed. */
export function createBuildState(): {
  state: BuildState;
  apply(message: BuildMessage): Change | undefined;
} {
  const state: BuildState = { vertices: new Map(), total: 0 };
  const titles = new Map<number, string>();

  function vertexOf(key: string, title: string, atMs: number): Vertex {
    let vertex = state.vertices.get(key);
    if (vertex === undefined) {
      vertex = {
        number: state.vertices.size + 1,
        key,
        title,
        startedAtMs: atMs,
        partialLine: '',
        decoder: new StringDecoder('utf8'),
        tail: [],
      };
      state.vertices.set(key, vertex);
    }
    return vertex;
  }

  function end(vertex: Vertex, outcome: NonNullable<Vertex['outcome']>, atMs: number): Change {
    vertex.outcome = outcome;
    vertex.endedAtMs = atMs;
    return { vertex, kind: 'ended' };
  }

  function onStep(step: number, atMs: number): Vertex | undefined {
    const title = titles.get(step);
    return title === undefined ? undefined : vertexOf(`step ${step}`, title, atMs);
  }

  function apply(message: BuildMessage): Change | undefined {
    switch (message.kind) {
      case 'plan':
        for (const step of message.steps)
          if (step.title !== undefined) titles.set(step.number, step.title);
        state.total = titles.size;
        return undefined;
      case 'task-started':
        return {
          vertex: vertexOf(`task ${message.task}`, message.task, message.atMs),
          kind: 'started',
        };
      case 'task-progress': {
        const vertex = state.vertices.get(`task ${message.task}`);
        if (vertex === undefined) return undefined;
        vertex.detail = progressOf(message.current, message.total);
        return { vertex, kind: 'detail' };
      }
      case 'task-done': {
        const vertex = vertexOf(`task ${message.task}`, message.task, message.atMs);
        vertex.detail = message.detail;
        return end(vertex, message.failed ? 'failed' : 'done', message.atMs);
      }
      case 'step-started': {
        const vertex = onStep(message.step, message.atMs);
        return vertex && { vertex, kind: 'started' };
      }
      case 'step-output': {
        const vertex = state.vertices.get(`step ${message.step}`);
        return vertex && { vertex, kind: 'output', lines: takeLines(vertex, message.bytes) };
      }
      case 'step-progress': {
        const vertex = state.vertices.get(`step ${message.step}`);
        if (vertex === undefined) return undefined;
        vertex.detail = `${message.action} ${message.id} ${progressOf(message.current, message.total)}`;
        return { vertex, kind: 'detail' };
      }
      case 'step-cached':
      case 'step-done':
      case 'step-failed':
      case 'step-canceled': {
        const vertex = onStep(message.step, message.atMs);
        if (vertex && message.kind === 'step-failed') vertex.detail = message.message;
        return vertex && end(vertex, outcomes[message.kind], message.atMs);
      }
      default:
        return undefined;
    }
  }

  return { state, apply };
}

const outcomes = {
  'step-cached': 'cached',
  'step-done': 'done',
  'step-failed': 'failed',
  'step-canceled': 'canceled',
} as const;

/** A line that goes on for longer is told in pieces. */
const longestLineCharacters = 64 * 1024;

function takeLines(vertex: Vertex, base64: string): string[] {
  const text = vertex.decoder.write(Buffer.from(base64, 'base64'));
  const lines = (vertex.partialLine + text).split('\n');
  vertex.partialLine = lines.pop()!;
  if (vertex.partialLine.length > longestLineCharacters) {
    lines.push(vertex.partialLine);
    vertex.partialLine = '';
  }
  vertex.tail.push(...lines.slice(-tailLines));
  vertex.tail.splice(0, vertex.tail.length - tailLines);
  return lines;
}

function progressOf(current: number, total?: number): string {
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(2)}MB`;
  return total ? `${size(current)} / ${size(total)}` : size(current);
}
