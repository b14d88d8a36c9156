import type { Duplex } from 'node:stream';
import { conflict, type Digest, notFound, randomId } from '../../../core/index.ts';
import type {
  AttachOptions,
  Container,
  ContainerState,
  ContainerStreams,
  Containers,
  CreateRequest,
  Exec,
  ExecRequest,
  LogLine,
  LogOptions,
  TerminalSize,
} from '../../../engine/index.ts';

import { begin, join, newProcess, nextLine, type Process } from './fake-process.ts';

/**
 * An engine in memory for tests of the API: real streams, no processes. It knows the programs
 * above and the detach keys Ctrl-P Ctrl-Q.
 */
export class FakeEngine {
  readonly #containers = new Map<string, Container>();
  readonly #processes = new Map<string, Process>();
  readonly #execs = new Map<string, Exec>();
  readonly #execProcesses = new Map<string, Process>();
  readonly #waiting = new Set<() => void>();
  readonly calls: { verb: string; ref: string; given: unknown }[] = [];

  readonly containers: Containers;
  readonly streams: ContainerStreams;

  constructor() {
    this.containers = {
      create: async (request) => this.#create(request),
      get: (ref) => this.#find(ref),
      list: () => [...this.#containers.values()],
      start: async (ref) => this.#start(this.#find(ref)),
      stop: async (ref, options) => {
        this.calls.push({ verb: 'stop', ref, given: options });
        return { changed: await this.#end(this.#find(ref), options?.signal ?? 'TERM') };
      },
      restart: async (ref, options) => {
        this.calls.push({ verb: 'restart', ref, given: options });
        await this.#end(this.#find(ref), 'TERM');
        this.#start(this.#find(ref));
      },
      kill: async (ref, signal = 'KILL') => {
        this.calls.push({ verb: 'kill', ref, given: signal });
        this.#running(ref).kill(signal);
      },
      pause: async (ref) => this.#pause(this.#find(ref), 'running', 'paused'),
      unpause: async (ref) => this.#pause(this.#find(ref), 'paused', 'running'),
      remove: async (ref, options) => this.#remove(this.#find(ref), options?.force ?? false),
      rename: async (ref, name) => {
        this.#replace({ ...this.#find(ref), name });
      },
      update: async (ref, change) => {
        const container = this.#find(ref);
        this.#replace({ ...container, hostConfig: { ...container.hostConfig, ...change } });
        return { warnings: [] };
      },
      wait: (ref, condition, signal) => this.#wait(ref, condition, signal),
      resize: async (ref, size) => {
        this.#running(ref).size = size;
      },
      top: async (_ref, psArgs) => ({ titles: ['PID', 'ARGS'], processes: [['1', psArgs]] }),
      stats: async (ref) => {
        this.#running(ref);
        return fakeStats;
      },
      changes: async (ref) => {
        this.#find(ref);
        return [
          { path: '/etc', kind: 'modified' },
          { path: '/etc/new', kind: 'added' },
          { path: '/tmp/gone', kind: 'deleted' },
        ];
      },
    };
    this.streams = {
      attach: (ref, stream, options) => this.#attach(ref, stream, options),
      logs: (ref, options) => this.#logs(ref, options),
      createExec: async (ref, request) => this.#createExec(ref, request),
      startExec: (id, stream, options) => this.#startExec(id, stream, options),
      resizeExec: async (id, size) => {
        const process = this.#execProcesses.get(this.#exec(id).id);
        if (!process) throw notFound(`process does not exist ${id}: not found`);
        process.size = size;
      },
      getExec: (id) => this.#exec(id),
    };
  }

  /** Puts a container there as it is. */
  add(container: Container): void {
    this.#containers.set(container.id, container);
  }

  #create(request: CreateRequest) {
    const id = randomId();
    const name = request.name ?? `fake_${this.#containers.size}`;
    if (request.config.Image === 'missing') throw notFound('No such image: missing:latest');
    const taken = this.containers.list().find((container) => container.name === name);
    if (taken) throw conflict(`Conflict. The container name "/${name}" is already in use`);
    const argv = [...(request.config.Entrypoint ?? []), ...(request.config.Cmd ?? ['shell'])];
    this.add({
      id,
      name,
      createdAtMs: Date.now(),
      imageId: `sha256:${'1'.repeat(64)}` as Digest,
      config: request.config,
      hostConfig: request.hostConfig,
      mounts: [],
      endpoints: request.endpoints ?? {},
      ports: [],
      argv,
      restartCount: 0,
      state: { kind: 'created' },
      logPath: '',
    });
    this.calls.push({ verb: 'create', ref: id, given: request });
    return { id, warnings: [] };
  }

  #find(ref: string): Container {
    const found = this.containers
      .list()
      .find(({ id, name }) => id === ref || name === ref || (ref !== '' && id.startsWith(ref)));
    if (!found) throw notFound(`No such container: ${ref}`);
    return found;
  }

  #replace(container: Container): void {
    this.#containers.set(container.id, container);
    for (const check of this.#waiting) check();
  }

  #running(ref: string): Process {
    const { id, state } = this.#find(ref);
    const process = this.#processes.get(id);
    if (state.kind !== 'running' || !process) throw conflict(`container ${id} is not running`);
    return process;
  }

  #start(container: Container): { changed: boolean } {
    if (container.state.kind === 'running') return { changed: false };
    const { id } = container;
    const startedAtMs = Date.now();
    const process =
      this.#processes.get(id) ?? newProcess(container.argv, container.config.Tty ?? false);
    this.#processes.set(id, process);
    this.#replace({ ...container, state: { kind: 'running', startedAtMs, pid: 42 } });
    begin(process);
    void process.exited.then((code) => {
      const exit = { code, startedAtMs, finishedAtMs: Date.now(), oomKilled: false };
      const current = this.#containers.get(id);
      if (!current) return;
      this.#replace({ ...current, state: { kind: 'exited', exit } });
      this.#processes.delete(id);
      this.#finished.set(id, process);
      if (current.hostConfig.AutoRemove) this.#remove(this.#find(id), false);
    });
    return { changed: true };
  }

  async #end(container: Container, signal: string): Promise<boolean> {
    const process = this.#processes.get(container.id);
    if (container.state.kind !== 'running' || !process) return false;
    process.kill(signal);
    await process.exited;
    return true;
  }

  #pause(container: Container, from: ContainerState['kind'], to: 'running' | 'paused'): void {
    const { state } = container;
    if (state.kind !== from) throw conflict(`container ${container.id} is not ${from}`);
    this.#replace({ ...container, state: { ...state, kind: to } as ContainerState });
  }

  #remove({ id, name, state }: Container, force: boolean): void {
    if (state.kind === 'running' && !force) {
      throw conflict(
        `cannot remove container "${name}": container is running: stop the container before removing or force remove`,
      );
    }
    this.#processes.get(id)?.kill('KILL');
    this.#containers.delete(id);
    for (const check of this.#waiting) check();
  }

  async #wait(ref: string, condition: string, signal?: AbortSignal) {
    const { id, state } = this.#find(ref);
    let code = 'exit' in state ? (state.exit?.code ?? 0) : 0;
    let ran = state.kind === 'running';
    const reached = () => {
      const current = this.#containers.get(id);
      if (!current) return true;
      if (current.state.kind === 'running') ran = true;
      if (current.state.kind === 'exited') code = current.state.exit.code;
      if (condition === 'removed') return false;
      return condition === 'next-exit'
        ? ran && current.state.kind === 'exited'
        : current.state.kind !== 'running';
    };
    if (!reached()) {
      await new Promise<void>((resolve, reject) => {
        const check = () => {
          if (!reached()) return;
          this.#waiting.delete(check);
          resolve();
        };
        this.#waiting.add(check);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    }
    return { code };
  }

  async #attach(ref: string, stream: Duplex, options: AttachOptions): Promise<void> {
    const { id, config, state, argv } = this.#find(ref);
    const tty = config.Tty ?? false;
    const past = state.kind === 'exited' ? undefined : this.#processes.get(id);
    const process = past ?? newProcess(argv, tty);
    if (state.kind !== 'exited') this.#processes.set(id, process);
    options.onJoined?.();
    if (options.follow && state.kind !== 'exited') await join(process, stream, { tty, ...options });
  }

  async *#logs(ref: string, { follow, tail, stdout, stderr, signal }: LogOptions) {
    const process =
      this.#processes.get(this.#find(ref).id) ?? this.#finished.get(this.#find(ref).id);
    const wanted = (line: LogLine) => (line.stream === 'stdout' ? stdout : stderr);
    if (!process) return;
    const past = process.output.filter(wanted);
    yield* tail === undefined ? past : past.slice(Math.max(0, past.length - tail));
    if (!follow || !this.#processes.has(this.#find(ref).id)) return;
    let line = await nextLine(process, signal);
    while (line) {
      if (wanted(line)) yield line;
      line = await nextLine(process, signal);
    }
  }

  readonly #finished = new Map<string, Process>();

  /** Gives a container lines to have logged. */
  log(ref: string, lines: readonly LogLine[]): void {
    const process = newProcess(['true'], false);
    process.output.push(...lines);
    this.#finished.set(this.#find(ref).id, process);
  }

  #createExec(ref: string, request: ExecRequest): { id: string } {
    const container = this.#find(ref);
    this.#running(ref);
    const id = randomId();
    this.#execs.set(id, {
      id,
      containerId: container.id,
      request,
      state: { kind: 'created' },
    });
    return { id };
  }

  #exec(id: string): Exec {
    const exec = this.#execs.get(id);
    if (!exec) throw notFound(`No such exec instance: ${id}`);
    return exec;
  }

  async #startExec(
    id: string,
    stream: Duplex | undefined,
    { tty, size }: { tty: boolean; size?: TerminalSize },
  ): Promise<void> {
    const exec = this.#exec(id);
    const process = newProcess(exec.request.Cmd, tty);
    process.size = size;
    this.#execProcesses.set(id, process);
    this.#execs.set(id, { ...exec, state: { kind: 'running', pid: 43 } });
    const ended = process.exited.then((code) => {
      this.#execs.set(id, { ...exec, state: { kind: 'exited', code } });
      this.#execProcesses.delete(id);
    });
    begin(process);
    if (stream) {
      await join(process, stream, { tty, stdin: true, stdout: true, stderr: true });
      await ended;
    }
  }
}

const fakeStats = {
  readAtMs: Date.UTC(2026, 0, 1),
  pids: 3,
  pidsLimit: 100,
  cpu: {
    totalNs: 5,
    userNs: 3,
    systemNs: 2,
    hostTotalNs: 50,
    onlineCpus: 2,
    throttledPeriods: 1,
    periods: 10,
    throttledNs: 7,
  },
  memory: { usageBytes: 1000, limitBytes: 5000, stats: { inactive_file: 10 } },
  networks: {
    eth0: {
      rxBytes: 1,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 5,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
  },
  blockIo: [{ major: 8, minor: 0, op: 'read' as const, bytes: 512 }],
};
