import { posix } from 'node:path';
import { forbidden, invalid, unsupported } from '../../../core/index.ts';
import {
  heredocContent,
  type Mount,
  parseHeredocOperator,
  proxyVariables,
  type RunInstruction,
} from '../../../dockerfile/index.ts';
import type { MountAction, RunAction } from '../actions.ts';
import { fromWorkingDirectory } from '../paths.ts';
import { environmentOf, type StageState } from '../stage-state.ts';
import type { Origin } from '../stages.ts';

/** Where a program in a here-document stands during its step. */
export const scriptFolder = '/dev/pipes';

/** RUN, the variables in its options replaced. Throws `invalid`, `forbidden` for what the build was not granted. */
export function planRun(
  state: StageState,
  instruction: RunInstruction,
  origins: ReadonlyMap<string, Origin>,
): { action: RunAction; history: string } {
  const { argv, script } = commandOf(state, instruction);
  if (argv.length === 0) throw invalid('RUN has no command: arguments are required');
  const { config } = state.image;
  const action: RunAction = {
    kind: 'run',
    argv,
    env: environmentOf(state),
    proxyEnv: proxyPairs(state),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    network: networkOf(state, instruction),
    insecure: isInsecure(state, instruction),
    mounts: instruction.mounts.map((mount, index) =>
      planMount(state, mount, { origins, agentIndex: agentsBefore(instruction, index) }),
    ),
    script,
    withoutDevices: instruction.devices.map(({ name }) => name),
  };
  for (const device of instruction.devices) {
    if (device.required) throw unsupported(`device ${device.name}: RUN --device is not supported`);
  }
  return { action, history: `RUN ${[...argsInSight(state), ...argv].join(' ')} # buildkit` };
}

/** A variable of the image's own goes before the proxy setting of the build. */
function proxyPairs({ context, scope }: StageState): string[] {
  return [...proxyVariables(context.buildArgs)]
    .filter(([name]) => !scope.variables.has(name))
    .map(([name, value]) => `${name}=${value}`);
}

/** `|2 A=1 B=2`, as the history names the ARGs a RUN could see. */
function argsInSight({ scope: { args, variables } }: StageState): string[] {
  if (args.size === 0) return [];
  const pairs = [...args].map(([name, value]) => `${name}=${variables.get(name) ?? value ?? ''}`);
  return [`|${args.size}`, ...pairs];
}

function commandOf(
  state: StageState,
  { command, heredocs }: RunInstruction,
): Pick<RunAction, 'argv' | 'script'> {
  const words = command.words.map(({ text }) => text);
  if (command.form === 'exec') return { argv: words, script: undefined };
  const shell = state.image.config.Shell ?? ['/bin/sh', '-c'];
  const text = words.join(' ');
  const [document] = heredocs;
  if (!document) return { argv: [...shell, text], script: undefined };
  if (heredocs.length > 1 || !parseHeredocOperator(text)) {
    // The shell itself reads them: it gets the text as it stands in the file.
    const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { argv: [...shell, text + bodies.join('')], script: undefined };
  }
  const content = heredocContent(document);
  if (!content.startsWith('#!')) return { argv: [...shell, content], script: undefined };
  const { name } = document;
  return { argv: [...shell, `${scriptFolder}/${name}`], script: { name, content } };
}

function networkOf(state: StageState, { network }: RunInstruction): RunAction['network'] {
  if (network === 'default') return state.context.networkMode;
  if (network === 'host' && !state.context.allow.has('network.host')) {
    throw forbidden('network.host is not allowed: grant it with --allow network.host');
  }
  return network;
}

function isInsecure(state: StageState, { security }: RunInstruction): boolean {
  if (security === 'insecure' && !state.context.allow.has('security.insecure')) {
    throw forbidden('security.insecure is not allowed: grant it with --allow security.insecure');
  }
  return security === 'insecure';
}

function agentsBefore({ mounts }: RunInstruction, index: number): number {
  return mounts.slice(0, index).filter(({ type }) => type === 'ssh').length;
}

function planMount(
  state: StageState,
  mount: Mount,
  { origins, agentIndex }: { origins: ReadonlyMap<string, Origin>; agentIndex: number },
): MountAction {
  const { type, readOnly, required, env, sizeBytes, mode, uid, gid } = mount;
  const target = targetOf(state, mount, agentIndex);
  if (target === '/') throw invalid('invalid mount target "/"');
  return {
    type,
    origin: originOf(mount, origins),
    source: posix.resolve('/', mount.source ?? ''),
    target,
    readOnly,
    id: idOf(mount, target),
    sharing: mount.sharing ?? 'shared',
    required,
    env,
    sizeBytes,
    mode,
    uid,
    gid,
  };
}

function originOf(mount: Mount, origins: ReadonlyMap<string, Origin>): MountAction['origin'] {
  if (mount.type !== 'bind' && mount.type !== 'cache') return undefined;
  if (mount.from) return origins.get(mount.from)!;
  return mount.type === 'bind' ? { kind: 'main-context' } : undefined;
}

/** The name by which a mount is known to the client; `target` stands in for one without. */
export function idOf(
  { type, id, source }: Pick<Mount, 'type' | 'id' | 'source'>,
  target: string,
): string {
  if (type === 'ssh') return id || 'default';
  if (type === 'secret') return id || source || posix.basename(target);
  return id || target;
}

function targetOf(state: StageState, mount: Mount, agentIndex: number): string {
  const { target, type, env } = mount;
  if (!target) {
    if (type === 'ssh') return `/run/buildkit/ssh_agent.${agentIndex}`;
    if (type === 'secret') return env ? '' : `/run/secrets/${idOf(mount, '')}`;
  }
  const path = fromWorkingDirectory(state.image.config.WorkingDir, target ?? '');
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}
