import { quoted } from '../../../core/index.ts';
import {
  type CommandLine,
  type HealthcheckInstruction,
  type Instruction,
  type InstructionOf,
  type KeyValue,
  SyntaxFault,
} from '../../../dockerfile/index.ts';
import type { Healthcheck } from '../../../image/index.ts';
import { exposedPorts } from '../exposed-ports.ts';
import { goDuration, goList, goQuotedList, goQuotedRune } from '../go-format.ts';
import { checkSignal } from '../signal.ts';
import type { StageState } from '../stage-state.ts';

/** The instructions that change the image's configuration and no file. */
export type MetadataInstruction = Exclude<
  Instruction,
  InstructionOf<'from' | 'run' | 'copy' | 'add' | 'workdir'>
>;

/** Applies one, its variables replaced before. What it gives is its line in the history, if any. */
export function applyMetadata(
  state: StageState,
  instruction: MetadataInstruction,
): string | undefined {
  switch (instruction.kind) {
    case 'env':
      return applyEnv(state, instruction);
    case 'arg':
      return argHistory(instruction);
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
      state.image.config.User = instruction.user.text;
      return `USER ${instruction.user.text}`;
    case 'volume':
      return applyVolume(state, instruction);
    case 'expose':
      return applyExpose(state, instruction);
    case 'stopsignal': {
      const signal = instruction.signal.text;
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

function applyEnv({ image }: StageState, { pairs }: InstructionOf<'env'>): string {
  for (const { key, value } of pairs) image.env.set(key.text, value.text);
  return `ENV ${pairsText(pairs)}`;
}

function applyLabel({ image }: StageState, { pairs }: InstructionOf<'label'>): string {
  for (const { key, value } of pairs) image.labels.set(key.text, value.text);
  return `LABEL ${pairsText(pairs)}`;
}

function pairsText(pairs: readonly KeyValue[]): string {
  return pairs.map(({ key, value }) => `${key.text}=${value.text}`).join(' ');
}

function argHistory({ definitions }: InstructionOf<'arg'>): string {
  const texts = definitions.map(({ name, defaultValue }) =>
    defaultValue === undefined ? name.text : `${name.text}=${defaultValue.text}`,
  );
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
  const volumes = paths.map(({ text }) => text);
  if (volumes.includes('')) throw new SyntaxFault('VOLUME specified can not be an empty string');
  for (const volume of volumes) state.image.volumes.add(volume);
  return `VOLUME ${goList(volumes)}`;
}

function applyExpose({ image }: StageState, { ports }: InstructionOf<'expose'>): string {
  const exposed = ports.flatMap(({ text }) => exposedPorts(text));
  for (const port of exposed) image.ports.add(port);
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
  const spans = Object.values(times).map((ms) => quoted(goDuration(ms)));
  // BuildKit prints the whole structure with %q, a number among it as a character.
  const count = goQuotedRune(retries ?? 0);
  return `HEALTHCHECK &{${goQuotedList(test)} ${spans.join(' ')} ${count}}`;
}
