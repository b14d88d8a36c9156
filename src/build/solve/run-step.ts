import { type Digest, digestOf, randomId } from '../../core/index.ts';
import type { BuildRequest, FailedStep } from '../builder.ts';
import { type Inputs, listInput } from '../cache/inputs.ts';
import type { RunAction } from '../plan/actions.ts';
import type { RunRequest, WritableFilesystem } from '../ports.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import { failedStep } from './failed-step.ts';
import type { Attempt, LayerStep, MadeLayer } from './layer-step.ts';
import {
  mountDigest,
  mountIdentity,
  mountInput,
  type StandingMounts,
  scriptInput,
  setUpMounts,
} from './run-mounts.ts';
import { commandFailure, couldNotRun, createOutputTail } from './step-failure.ts';

/** More output than this is cut, so that a step cannot fill a client's or the daemon's memory. */
const mostOutputBytes = 64 * 2 ** 20;

/** RUN: a layer with what the command changed. */
export async function runStep(
  scope: BuildScope,
  parent: Parent,
  action: RunAction,
): Promise<LayerStep> {
  const shared = sharedInputs(scope, parent, action);
  const identities = await Promise.all(action.mounts.map((mount) => mountIdentity(scope, mount)));
  const hasFiles = action.mounts.some(({ origin }) => origin !== undefined);
  const quick =
    hasFiles && !identities.includes(undefined)
      ? { ...shared.inputs, step: 'RUN quick', mounted: listInput(identities as string[]) }
      : undefined;
  return {
    quick,
    async look(signal) {
      const details = new Map(shared.details);
      const mounted: Record<string, string> = {};
      for (const mount of action.mounts) {
        const { digest, listing } = await mountDigest(scope, mount, signal);
        if (digest !== '') mounted[`files at ${mount.target}`] = digest;
        if (listing !== undefined) details.set(digest as Digest, listing);
      }
      return {
        inputs: { ...shared.inputs, ...mounted },
        details,
        deterministic: false,
        make: (attempt) => make(scope, { parent, action, attempt }),
      };
    },
  };
}

function sharedInputs(
  scope: BuildScope,
  parent: Parent,
  action: RunAction,
): { inputs: Inputs; details: Map<Digest, string> } {
  const { argv, env, cwd, user, network, insecure, mounts } = action;
  const environment = [...env.pairs].sort().join('\0');
  const environmentDigest = digestOf(environment);
  const inputs = {
    step: 'RUN',
    parent: parent.identity,
    command: listInput(argv),
    environment: environmentDigest,
    cwd,
    user,
    network,
    security: insecure ? 'insecure' : 'sandbox',
    mounts: listInput(mounts.map(mountInput)),
    script: scriptInput(action),
    ...requestInputs(scope.request),
    epoch: String(scope.epochS ?? ''),
  };
  return { inputs, details: new Map([[environmentDigest, environment]]) };
}

/** As BuildKit has it: where a host's name leads, and how much memory there is, does not count. */
function requestInputs({ extraHosts = [], hostname, shmSizeBytes, limits }: BuildRequest): Inputs {
  const ulimits = limits?.ulimits ?? [];
  return {
    hosts: listInput(extraHosts.map((host) => host.split(':', 1)[0]!)),
    ...(hostname && { hostname }),
    ...(shmSizeBytes && { shm: String(shmSizeBytes) }),
    ...(ulimits.length > 0 && {
      ulimits: listInput(ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`)),
    }),
  };
}

interface Making {
  readonly parent: Parent;
  readonly action: RunAction;
  readonly attempt: Attempt;
}

async function make(scope: BuildScope, making: Making): Promise<MadeLayer> {
  const { parent, action, attempt } = making;
  const { filesystems } = scope.ports;
  const { signal } = attempt;
  await using leases = new AsyncDisposableStack();
  const filesystem = leases.use(await filesystems.prepare(parent.chain));
  const rootPath = await filesystem.mount();
  const standing = leases.use(await setUpMounts(scope, action, { parent, signal }));
  const request = requestOf(scope, action, { rootPath, standing });
  attempt.tell({ kind: 'running', containerId: request.id });
  const tail = createOutputTail();
  const onOutput = boundedOutput((stream, bytes) => {
    tail.add(bytes);
    attempt.tell({ kind: 'output', stream, bytes });
  });
  const outcome = await scope.ports.runner
    .run({ ...request, onOutput, signal })
    .catch((error: unknown) => {
      throw couldNotRun(action.argv, error);
    });
  signal.throwIfAborted();
  if (outcome.exitCode !== 0) {
    const { runner } = scope.ports;
    const kept = scope.request.keepFailedStep
      ? failedStep(request, { runner, leases: leases.move() })
      : undefined;
    throw commandFailure({
      argv: action.argv,
      ...outcome,
      limits: scope.request.limits,
      lastOutput: tail.lines(),
      kept,
    });
  }
  // Awaited here: at the end of the block the filesystem is dropped unless it is committed.
  return await commit(scope, filesystem, attempt);
}

function commit(
  scope: BuildScope,
  filesystem: WritableFilesystem,
  { signal }: Attempt,
): Promise<MadeLayer> {
  return filesystem.commit({ epochS: scope.epochS, signal });
}

function requestOf(
  { request }: BuildScope,
  action: RunAction,
  { rootPath, standing }: { rootPath: string; standing: StandingMounts },
): FailedStep['request'] {
  return {
    id: randomId(),
    rootPath,
    argv: action.argv,
    env: [...action.proxyEnv, ...action.env.pairs, ...standing.env],
    cwd: action.cwd,
    user: action.user,
    network: action.network,
    insecure: action.insecure,
    mounts: standing.mounts,
    hosts: request.extraHosts ?? [],
    hostname: request.hostname,
    shmSizeBytes: request.shmSizeBytes,
    limits: request.limits,
  };
}

function boundedOutput(onOutput: RunRequest['onOutput']): RunRequest['onOutput'] {
  let leftBytes = mostOutputBytes;
  return (stream, bytes) => {
    if (leftBytes <= 0) return;
    onOutput(stream, bytes.subarray(0, leftBytes));
    leftBytes -= bytes.length;
    if (leftBytes > 0) return;
    const note = `\n[output clipped, log limit ${mostOutputBytes / 2 ** 20}MiB reached]\n`;
    onOutput('stderr', Buffer.from(note));
  };
}
