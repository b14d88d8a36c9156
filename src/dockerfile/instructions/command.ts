import { errorMessage, quoted } from '../../core/index.ts';
import { parseGoDuration, parseInt32 } from '../go-values.ts';
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  HealthcheckInstruction,
  RunInstruction,
  ShellInstruction,
} from '../instruction.ts';
import { parseDevice } from '../run-device.ts';
import { parseMount } from '../run-mount.ts';
import { isSpace, skipSpace } from '../space.ts';
import { SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import { jsonWords, type Stretch } from '../words.ts';
import { argsFault, argsOf, common, type Request, readFlags } from './request.ts';

/** A JSON array is the exec form; anything else is one text for the shell. */
function commandLine(args: Stretch): CommandLine {
  const { line, start, end } = args;
  if (end === start) return { form: 'shell', words: [] };
  const json = jsonWords(args);
  return json ? { form: 'exec', words: json } : { form: 'shell', words: [line.word(start, end)] };
}

export function parseRun(request: Request): RunInstruction {
  const command = commandLine(argsOf(request));
  const flags = readFlags(request, {
    mount: 'strings',
    network: 'string',
    security: 'string',
    device: 'strings',
  });
  const { escapeToken } = request.command;
  return {
    ...common('run', request),
    command,
    mounts: flags.mount.map((word) => parseMount(word, undefined, { escapeToken })),
    network: oneOf(flags.network, ['default', 'none', 'host'], invalidNetwork),
    security: oneOf(flags.security, ['sandbox', 'insecure'], invalidSecurity),
    devices: flags.device.map(parseDevice),
  };
}

const invalidNetwork = (value: string) => `invalid network mode ${quoted(value)}`;
const invalidSecurity = (value: string) => `security ${quoted(value)} is not valid`;

/** The first of the values is meant when there is no flag. */
function oneOf<Value extends string>(
  word: Word | undefined,
  values: readonly [Value, ...Value[]],
  message: (value: string) => string,
): Value {
  if (!word) return values[0];
  const value = values.find((known) => known === word.text);
  if (value) return value;
  throw new SyntaxFault(message(word.text), word.range);
}

export function parseCmd(request: Request): CmdInstruction {
  const command = commandLine(argsOf(request));
  readFlags(request, {});
  return { ...common('cmd', request), command };
}

export function parseEntrypoint(request: Request): EntrypointInstruction {
  const command = commandLine(argsOf(request));
  readFlags(request, {});
  return { ...common('entrypoint', request), command };
}

export function parseShell(request: Request): ShellInstruction {
  const { form, words } = commandLine(argsOf(request));
  readFlags(request, {});
  if (words.length === 0) throw argsFault(request, 'SHELL requires at least one argument');
  if (form === 'exec') return { ...common('shell', request), words };
  throw argsFault(request, 'SHELL requires the arguments to be in JSON form');
}

export function parseHealthcheck(request: Request): HealthcheckInstruction {
  const { line, start, end } = argsOf(request);
  let typeEnd = start;
  while (typeEnd < end && !isSpace(line.text.charCodeAt(typeEnd))) typeEnd++;
  if (typeEnd === start) throw argsFault(request, 'HEALTHCHECK requires at least one argument');
  const command = commandLine({ line, start: skipSpace(line.text, typeEnd, end), end });
  const type = line.word(start, typeEnd);
  if (type.text.toUpperCase() === 'NONE') {
    const [argument] = command.words;
    if (!argument) return { ...common('healthcheck', request), type: 'none', command, ...noTiming };
    throw new SyntaxFault('HEALTHCHECK NONE takes no arguments', argument.range);
  }
  const flags = readFlags(request, timingFlags);
  if (type.text.toUpperCase() !== 'CMD') {
    const name = quoted(type.text.toUpperCase());
    throw new SyntaxFault(`Unknown type ${name} in HEALTHCHECK (try CMD)`, type.range);
  }
  if (command.words.length === 0) {
    throw new SyntaxFault('Missing command after HEALTHCHECK CMD', type.range);
  }
  return {
    ...common('healthcheck', request),
    type: 'cmd',
    command,
    intervalMs: duration('interval', flags.interval),
    timeoutMs: duration('timeout', flags.timeout),
    startPeriodMs: duration('start-period', flags['start-period']),
    startIntervalMs: duration('start-interval', flags['start-interval']),
    retries: retries(flags.retries),
  };
}

const timingFlags = {
  interval: 'string',
  timeout: 'string',
  'start-period': 'string',
  'start-interval': 'string',
  retries: 'string',
} as const;

const noTiming = {
  intervalMs: undefined,
  timeoutMs: undefined,
  startPeriodMs: undefined,
  startIntervalMs: undefined,
  retries: undefined,
};

function duration(name: string, word: Word | undefined): number | undefined {
  if (!word || word.text === '') return undefined;
  const durationMs = orFault(word, parseGoDuration);
  if (durationMs === 0 || durationMs >= 1) return durationMs;
  throw new SyntaxFault(`Interval ${quoted(name)} cannot be less than 1ms`, word.range);
}

function retries(word: Word | undefined): number | undefined {
  if (!word || word.text === '') return undefined;
  const value = orFault(word, parseInt32);
  if (value >= 0) return value;
  throw new SyntaxFault(`--retries cannot be negative (${value})`, word.range);
}

function orFault<Value>({ text, range }: Word, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    throw new SyntaxFault(errorMessage(error), range);
  }
}
