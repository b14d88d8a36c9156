import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { canceled, errnoCode, invalid, unavailable } from '../../../core/index.ts';
import { type Cgroups, openCgroups } from '../../../linux/index.ts';
import { createRootFiles } from '../../../store/index.ts';
import type { HostFacts } from '../../bundle/host-facts.ts';
import { hostsFile, parseResolvConf, resolvConf } from '../../bundle/network-files.ts';
import type { OciSpec } from '../../bundle/spec.ts';
import { readInsideRoot } from '../../files/inside-root.ts';
import { namesIn } from '../../files/names-in.ts';
import type { Networks } from '../../network/networks.ts';
import { stepBundle } from './step-bundle.ts';
import type { StepRequest } from './step-request.ts';
import { behindTerminal, followSize } from './step-terminal.ts';

export interface StepRunner extends Disposable {
  /**
   * Runs a step to its end. Throws `invalid` with the runtime's words when its program cannot be
   * started, `canceled` after an abort; whatever happens, nothing of the step is left.
   */
  run(request: StepRequest): Promise<{ exitCode: number; oomKilled: boolean }>;
  /** Ends and removes the steps of a daemon that is gone; before the first `run`. */
  cleanUp(): Promise<void>;
  /** Dispose, once no step runs, removes what they shared. */
}

const cgroupParent = '/berth-steps';
const longestDatabaseBytes = 4 << 20;
const killPauseMs = 5;

/** Runs steps with `runc run`, one process each, state below `<runPath>/steps`. */
export function createStepRunner(options: {
  readonly runPath: string;
  readonly host: HostFacts;
  readonly networks: StepNetworks;
  /** Name or path of the OCI runtime. */
  readonly binary?: string;
}): StepRunner {
  const { runPath, host, networks, binary = 'runc' } = options;
  const rootFiles = createRootFiles();
  const stepsPath = join(runPath, 'steps');
  const runtime = { binary, statePath: join(runPath, 'steps-runtime'), cgroups: openCgroups() };
  return {
    async run(request) {
      if (!/^[\w][\w.-]*$/.test(request.id)) throw invalid(`run step: bad id "${request.id}"`);
      if (request.signal?.aborted) throw canceled('run step: aborted');
      const folder = join(stepsPath, request.id);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      try {
        const networkPath = await prepareNetwork(networks, request, folder);
        const spec = stepBundle(request, {
          host,
          database: userDatabase(request.rootPath),
          cgroupParent,
          networkPath,
          hostsPath: join(folder, 'hosts'),
          resolvConfPath: join(folder, 'resolv.conf'),
        });
        await writeFile(join(folder, 'config.json'), JSON.stringify(spec));
        const stubs = await rootFiles.missing(request.rootPath, mountPlaces(spec));
        try {
          return await runStep(request, { ...runtime, folder });
        } finally {
          await stubs.clear();
        }
      } finally {
        if (request.network === 'default') await networks.tearDown(networkIdOf(request.id));
        await rm(folder, { recursive: true, force: true });
      }
    },
    [Symbol.dispose]: () => runtime.cgroups.removeEmpty(cgroupParent),
    async cleanUp() {
      for (const id of await namesIn(runtime.statePath)) await destroy(runtime, id);
      for (const id of await namesIn(stepsPath)) {
        await networks.tearDown(networkIdOf(id));
        await rm(join(stepsPath, id), { recursive: true, force: true });
      }
    },
  };
}

type StepNetworks = Pick<Networks, 'setUp' | 'tearDown'>;

function networkIdOf(stepId: string): string {
  return `step-${stepId}`;
}

/** Writes the step's hosts and resolv.conf; gives its namespace when one was made. */
async function prepareNetwork(
  networks: StepNetworks,
  { id, network, hosts }: StepRequest,
  folder: string,
): Promise<string | undefined> {
  const machine = parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
  const writeFiles = async (nameservers: readonly string[]) => {
    await writeFile(join(folder, 'hosts'), hostsFile([], hosts));
    await writeFile(join(folder, 'resolv.conf'), resolvConf({ ...machine, nameservers }));
  };
  if (network !== 'default') {
    await writeFiles(machine.nameservers);
    return undefined;
  }
  const containerId = networkIdOf(id);
  const given = await networks.setUp({
    containerId,
    containerName: containerId,
    hostname: '',
    endpoints: { bridge: {} },
    ports: [],
  });
  await writeFiles(given.nameservers.length > 0 ? given.nameservers : machine.nameservers);
  return given.namespacePath || undefined;
}

interface StepRuntime {
  readonly binary: string;
  readonly statePath: string;
  readonly cgroups: Cgroups;
}

async function runStep(
  request: StepRequest,
  runtime: StepRuntime & { folder: string },
): Promise<{ exitCode: number; oomKilled: boolean }> {
  const { id, signal, limits } = request;
  const logPath = join(runtime.folder, 'log.json');
  const bounded = limits?.memoryBytes !== undefined;
  const words = [
    ...[runtime.binary, '--root', runtime.statePath],
    ...['--log', logPath, '--log-format', 'json', 'run'],
    // Kept for a look at its cgroup: the count of OOM kills goes with the container.
    ...(bounded ? ['--keep'] : []),
    ...['--bundle', runtime.folder, id],
  ];
  const [program, ...args] = request.terminal
    ? behindTerminal(words, request.terminal.size)
    : words;
  const child = spawn(program!, args, {
    stdio: [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  if (request.terminal && child.pid !== undefined) {
    followSize(
      child.pid,
      request.terminal,
      () => child.exitCode !== null || child.signalCode !== null,
    );
  }
  const killing = killOnAbort(request, runtime, child);
  const output = streamOutput(child, request);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(runtimeMissing(runtime.binary, cause)));
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  const oomKilled = bounded && runtime.cgroups.oomKills(`${cgroupParent}/${id}`) > 0;
  const killed = await killing.settle();
  if (bounded || killed) await destroy(runtime, id);
  if (signal?.aborted) throw canceled('run step: aborted');
  const failure = exitCode === 0 ? undefined : await startFailure(logPath);
  if (failure) throw invalid(`OCI runtime create failed: ${failure}: unknown`);
  output.flush();
  return { exitCode, oomKilled };
}

/** What the runtime says itself on standard error when it cannot start the program. */
const runtimeSpeaks = /^(?:runc|crun)[^\n]*: /;

/** Passes output on; the runtime's own complaint is held back, as the error will carry it. */
function streamOutput(child: ChildProcess, request: StepRequest): { flush(): void } {
  const held: Uint8Array[] = [];
  let started = false;
  child.stdout?.on('data', (bytes: Buffer) => {
    started = true;
    request.onOutput('stdout', bytes);
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    if (!started && (held.length > 0 || runtimeSpeaks.test(bytes.toString('latin1', 0, 200)))) {
      held.push(bytes);
    } else {
      started = true;
      request.onOutput('stderr', bytes);
    }
  });
  if (request.stdin && child.stdin) {
    // A program that does not read to the end is no error.
    pipeline(request.stdin, child.stdin).catch(() => {});
  }
  return {
    flush() {
      for (const bytes of held) request.onOutput('stderr', bytes);
    },
  };
}

/** On abort kills all there is of the step, again and again until the runtime has seen its end. */
function killOnAbort(
  request: StepRequest,
  { cgroups }: StepRuntime,
  child: ChildProcess,
): { settle(): Promise<boolean> } {
  const { id, signal } = request;
  const cgroup = `${cgroupParent}/${id}`;
  let done: Promise<void> | undefined;
  const abort = () => {
    done = (async () => {
      while (child.exitCode === null && child.signalCode === null) {
        cgroups.kill(cgroup);
        await sleep(killPauseMs);
      }
    })();
  };
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return {
    async settle() {
      signal?.removeEventListener('abort', abort);
      await done;
      return done !== undefined;
    },
  };
}

/** The last error the runtime logged: it logs none when the program ran and failed by itself. */
async function startFailure(logPath: string): Promise<string | undefined> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const lines = log.split('\n').filter(Boolean);
  for (const line of lines.reverse()) {
    const { level, msg } = JSON.parse(line) as { level?: string; msg?: string };
    if (level === 'error' && msg) return msg;
  }
  return undefined;
}

/** Kills and deletes whatever the runtime still has of a step. Idempotent. */
function destroy({ binary, statePath }: StepRuntime, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['--root', statePath, 'delete', '--force', id], {
      stdio: 'ignore',
    });
    child.on('error', (cause) => reject(runtimeMissing(binary, cause)));
    child.on('close', () => resolve());
  });
}

function userDatabase(rootPath: string) {
  const read = (path: string) =>
    readInsideRoot(rootPath, path, longestDatabaseBytes)?.toString() ?? '';
  return { passwd: read('/etc/passwd'), group: read('/etc/group') };
}

/** Where the runtime mounts in the root itself: what is missing there it makes, and leaves. */
function mountPlaces(spec: OciSpec): string[] {
  const places = spec.mounts.map(({ destination }) => destination);
  return places.filter((place) => !places.some((other) => place.startsWith(`${other}/`)));
}

function runtimeMissing(binary: string, cause: Error) {
  if (errnoCode(cause) !== 'ENOENT') {
    return unavailable(`run step: ${binary}: ${cause.message}`, { cause });
  }
  return unavailable(`run step: exec: "${binary}": executable file not found in $PATH`, {
    code: 'RUNTIME_MISSING',
    cause,
  });
}
