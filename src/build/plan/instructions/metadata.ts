import {
  type CommandLine,
  expandWords,
  type HealthcheckInstruction,
  type Instruction,
  type InstructionOf,
  SyntaxFault,
} from '../../../dockerfile/index.ts';
import type { Healthcheck } from '../../../image/index.ts';
import { exposedPorts } from '../exposed-ports.ts';
import { goDuration, goList, goQuotedList } from '../go-format.ts';
import { checkSignal } from '../signal.ts';
import { expandIn, type StageState, setVariable } from '../stage-state.ts';

/** The instructions that change the image's configuration and no file. */
export type MetadataInstruction = Exclude<
  Instruction,
  InstructionOf<'from' | 'run' | 'copy' | 'add' | 'workdir'>
>;

/** Applies one; what it gives is its line in the history, undefined for none. */
export function applyMetadata(
  state: StageState,
  instruction: MetadataInstruction,
): string | undefined {
  switch (instruction.kind) {
    case 'env':
      return applyEnv(state, instruction);
    case 'arg':
      return applyArg(state, instruction);
    case 'label':
      return applyLabel(state, instruction);
    case 'maintainer':
      state.image.author = instruction.author.text;
      return `MAINTAINER ${instruction.author.text}`;
    case 'cmd':
      return applyCmd(state, instruction.command);
    case 'entrypoint':
      return applyEntrypoint(state, instruction.command);
    case 'shell': {
      const shell = instruction.words.map(({ text }) => text);
      state.image.config.Shell = shell;
      return `SHELL ${goList(shell)}`;
    }
    case 'user':
      state.image.config.User = expandIn(state, instruction.user);
      return `USER ${state.image.config.User}`;
    case 'volume':
      return applyVolume(state, instruction);
    case 'expose':
      return applyExpose(state, instruction);
    case 'stopsignal': {
      const signal = expandIn(state, instruction.signal);
      checkSignal(signal);
      state.image.config.StopSignal = signal;
      return `STOPSIGNAL ${signal}`;
    }
    case 'healthcheck':
      return applyHealthcheck(state, instruction);
    case 'onbuild':
      state.image.triggers.push(instruction.expression);
      return undefined;
  }
}

/** A command as the kernel gets it: the shell form behind the stage's shell. */
export function commandArgv(state: StageState, command: CommandLine): string[] {
  const words = command.words.map(({ text }) => text);
  if (command.form === 'exec') return words;
  return [...(state.image.config.Shell ?? ['/bin/sh', '-c']), words.join(' ')];
}

function applyEnv(state: StageState, { pairs }: InstructionOf<'env'>): string {
  // All values see the variables as they were before the instruction.
  const expanded = expandPairs(state, pairs);
  for (const [name, value] of expanded) {
    state.image.env.set(name, value);
    setVariable(state, name, value);
  }
  return `ENV ${expanded.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}

function applyLabel(state: StageState, { pairs }: InstructionOf<'label'>): string {
  const expanded = expandPairs(state, pairs);
  for (const [name, value] of expanded) state.image.labels.set(name, value);
  return `LABEL ${expanded.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}

function expandPairs(
  state: StageState,
  pairs: InstructionOf<'env'>['pairs'],
): [name: string, value: string][] {
  return pairs.map(({ key, value }) => [expandIn(state, key), expandIn(state, value)]);
}

function applyArg(state: StageState, { definitions }: InstructionOf<'arg'>): string {
  const { buildArgs, globalScope } = state.context;
  const texts = definitions.map(({ name: { text: name }, defaultValue }) => {
    const value =
      buildArgs[name] ?? (defaultValue ? expandIn(state, defaultValue) : globalScope.get(name));
    if (value !== undefined) setVariable(state, name, value);
    state.args.set(name, value ?? '');
    return value === undefined ? name : `${name}=${value}`;
  });
  return `ARG ${texts.join(' ')}`;
}

function applyCmd(state: StageState, command: CommandLine): string {
  const argv = commandArgv(state, command);
  state.image.config.Cmd = argv;
  state.image.config.ArgsEscaped = true;
  state.hasCmd = true;
  return `CMD ${goQuotedList(argv)}`;
}

function applyEntrypoint(state: StageState, command: CommandLine): string {
  const argv = commandArgv(state, command);
  state.image.config.Entrypoint = argv;
  // A CMD of the base image was meant for the base image's entry point.
  if (!state.hasCmd) delete state.image.config.Cmd;
  return `ENTRYPOINT ${goQuotedList(argv)}`;
}

function applyVolume(state: StageState, { paths }: InstructionOf<'volume'>): string {
  const volumes = paths.map((path) => expandIn(state, path));
  if (volumes.includes('')) throw new SyntaxFault('VOLUME specified can not be an empty string');
  for (const volume of volumes) state.image.volumes.add(volume);
  return `VOLUME ${goList(volumes)}`;
}

function applyExpose(state: StageState, { ports }: InstructionOf<'expose'>): string {
  const lookup = (name: string) => state.scope.get(name);
  const { escapeToken } = state.context;
  const specs = ports.flatMap(({ text }) => expandWords(text, lookup, { escapeToken }));
  const exposed = specs.flatMap(exposedPorts);
  for (const port of exposed) state.image.ports.add(port);
  return `EXPOSE ${goList(exposed)}`;
}

function applyHealthcheck(state: StageState, instruction: HealthcheckInstruction): string {
  const { command, retries } = instruction;
  const words = command.words.map(({ text }) => text);
  const test =
    instruction.type === 'none'
      ? ['NONE']
      : [command.form === 'exec' ? 'CMD' : 'CMD-SHELL', ...words];
  const times = {
    Interval: instruction.intervalMs ?? 0,
    Timeout: instruction.timeoutMs ?? 0,
    StartPeriod: instruction.startPeriodMs ?? 0,
    StartInterval: instruction.startIntervalMs ?? 0,
  };
  const set = Object.entries(times).filter(([, milliseconds]) => milliseconds !== 0);
  const check: Healthcheck = {
    Test: test,
    ...Object.fromEntries(set.map(([name, ms]) => [name, Math.round(ms * 1e6)])),
    ...(retries && { Retries: retries }),
  };
  state.image.config.Healthcheck = check;
  const spans = Object.entries(times).map(([name, ms]) => `${name}:${goDuration(ms)}`);
  return `HEALTHCHECK {Test:${goList(test)} ${spans.join(' ')} Retries:${retries ?? 0}}`;
}
