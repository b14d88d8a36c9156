import type { CommandText } from './command-text.ts';
import type { Instruction, InstructionKind } from './instruction.ts';
import {
  parseCmd,
  parseEntrypoint,
  parseHealthcheck,
  parseRun,
  parseShell,
} from './instructions/command.ts';
import { parseAdd, parseCopy } from './instructions/copy.ts';
import { parseFrom } from './instructions/from.ts';
import { parseArg, parseEnv, parseLabel } from './instructions/key-value.ts';
import { parseOnbuild } from './instructions/onbuild.ts';
import {
  parseExpose,
  parseMaintainer,
  parseStopsignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from './instructions/plain.ts';
import type { Request } from './instructions/request.ts';
import { nearest } from './suggest.ts';
import { SyntaxFault } from './syntax-error.ts';
import { jsonWords } from './words.ts';

const parsers: Record<InstructionKind, (request: Request) => Instruction> = {
  add: parseAdd,
  arg: parseArg,
  cmd: parseCmd,
  copy: parseCopy,
  entrypoint: parseEntrypoint,
  env: parseEnv,
  expose: parseExpose,
  from: parseFrom,
  healthcheck: parseHealthcheck,
  label: parseLabel,
  maintainer: parseMaintainer,
  onbuild: (request) => parseOnbuild(request, parseInstruction),
  run: parseRun,
  shell: parseShell,
  stopsignal: parseStopsignal,
  user: parseUser,
  volume: parseVolume,
  workdir: parseWorkdir,
};

/** The names of all instructions, lower case. */
const instructionKinds = Object.keys(parsers) as InstructionKind[];

function kindOf(keyword: string): InstructionKind | undefined {
  const lower = keyword.toLowerCase();
  return Object.hasOwn(parsers, lower) ? (lower as InstructionKind) : undefined;
}

/** The typed instruction. Throws a fault when it is unknown or not well formed. */
export function parseInstruction(request: Request): Instruction {
  const { keyword } = request.command;
  const kind = kindOf(keyword.text);
  if (kind) return parsers[kind](request);
  throw new SyntaxFault(
    `unknown instruction: ${keyword.text}`,
    keyword.range,
    nearest(keyword.text, instructionKinds, { ignoreCase: true }),
  );
}

/** Whether here-documents may follow: RUN, COPY and ADD not in JSON form, behind ONBUILD too. */
export function takesHeredocs({ keyword, line, argsStart, end }: CommandText): boolean {
  const kind = kindOf(keyword.text);
  if (kind !== 'run' && kind !== 'copy' && kind !== 'add') return false;
  if (line.text[argsStart] !== '[') return true;
  try {
    return jsonWords({ line, start: argsStart, end }) === undefined;
  } catch {
    return false;
  }
}
