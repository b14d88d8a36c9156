import type { Instruction } from '../instruction.ts';
import type { Comment } from '../line-reader.ts';
import type { Dockerfile } from '../parse.ts';

/** What a comment `# hadolint …` asks for. */
export type Pragma =
  | {
      readonly kind: 'ignore';
      readonly scope: 'instruction' | 'stage' | 'global';
      readonly codes: readonly string[];
    }
  | { readonly kind: 'shell'; readonly shell: string };

/** The pragmas of a file, and what each of them holds for. */
export interface Pragmas {
  /** Comments that ignore rules for the next instruction, the stage or the file. */
  readonly ignores: readonly Comment[];
  readonly shells: readonly { readonly line: number; readonly shell: string }[];
  /** Whether a comment silences a rule about this instruction or the one it stands in. */
  isIgnored(code: string, at: { readonly start: { readonly offset: number } }): boolean;
}

const ignoreForm =
  /^(?:hadolint|berth)[ \t]+(?:(global|stage)[ \t]+)?ignore[ \t]*=[ \t]*([^#]*?)[ \t]*(?:#.*)?$/;
const shellForm = /^(?:hadolint|berth)[ \t]+shell[ \t]*=[ \t]*([^\s#]+)[ \t]*(?:#.*)?$/;
const codeForm = /^(?:DL|SC|BL)\d+$|^[A-Z][a-z]+(?:[A-Z][a-z]+)+$/;
/** What the two forms and their lists may cost is bounded by their length. */
const longestPragma = 10_000;

/**
 * The pragma a comment holds, its `#` left out; undefined when it is none, or when one of its codes
 * is not one: then the whole of it counts for nothing.
 */
function parsePragma(comment: string): Pragma | undefined {
  if (comment.length > longestPragma) return undefined;
  const shell = shellForm.exec(comment)?.[1];
  if (shell !== undefined) return { kind: 'shell', shell };
  const match = ignoreForm.exec(comment);
  if (!match) return undefined;
  const codes = match[2]!.split(',').map((code) => code.trim());
  if (!codes.every((code) => codeForm.test(code))) return undefined;
  const scope = (match[1] ?? 'instruction') as 'instruction' | 'stage' | 'global';
  return { kind: 'ignore', scope, codes };
}

/** Finds all pragmas between instructions. Comments inside an instruction are none. */
export function readPragmas(dockerfile: Dockerfile): Pragmas {
  const ignores: Comment[] = [];
  const shells: { line: number; shell: string }[] = [];
  const global = new Set<string>();
  const byStart = new Map<number, Set<string>>();
  const byStage = new Map<number, Set<string>>();
  const next = instructionAfter(dockerfile.instructions);
  for (const comment of dockerfile.comments) {
    if (comment.insideInstruction || !/^(?:hadolint|berth)\s/.test(comment.text)) continue;
    const pragma = parsePragma(comment.text);
    if (!pragma) continue;
    const { line, offset } = comment.range.start;
    if (pragma.kind === 'shell') {
      shells.push({ line, shell: pragma.shell });
      continue;
    }
    ignores.push(comment);
    if (pragma.scope === 'global') addAll(global, pragma.codes);
    else {
      const instruction = next(offset);
      if (pragma.scope === 'stage') {
        const own = instruction?.kind === 'from' ? instruction.range.start.offset : offset;
        addAll(setAt(byStage, stageStart(dockerfile, own)), pragma.codes);
      } else if (instruction) {
        addAll(setAt(byStart, instruction.range.start.offset), pragma.codes);
      }
    }
  }
  return {
    ignores,
    shells,
    isIgnored: (code, { start }) =>
      global.has(code) ||
      (byStart.get(start.offset)?.has(code) ?? false) ||
      (byStage.size > 0 && (byStage.get(stageStart(dockerfile, start.offset))?.has(code) ?? false)),
  };
}

function addAll(set: Set<string>, codes: readonly string[]): void {
  for (const code of codes) set.add(code);
}

function setAt(map: Map<number, Set<string>>, key: number): Set<string> {
  const found = map.get(key) ?? new Set();
  map.set(key, found);
  return found;
}

/** Asked for rising offsets, gives the instruction that follows each. */
function instructionAfter(
  instructions: readonly Instruction[],
): (offset: number) => Instruction | undefined {
  let index = 0;
  return (offset) => {
    while (instructions[index] && instructions[index]!.range.start.offset < offset) index++;
    return instructions[index];
  };
}

/** Where the FROM of the stage around `offset` stands, or -1 before the first. */
function stageStart({ stages }: Dockerfile, offset: number): number {
  let low = 0;
  let high = stages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stages[middle]!.from.range.start.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return stages[low - 1]?.from.range.start.offset ?? -1;
}
