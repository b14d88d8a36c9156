import { expand, type Instruction, type StageInstruction } from '../../dockerfile/index.ts';
import { withoutLogins } from '../context/git-address.ts';
import type { StageState } from './stage-state.ts';

const shownKinds = new Set(['run', 'copy', 'add', 'workdir']);

/** Does the `[+] Building` view show it? */
export function hasTitle({ kind }: StageInstruction): boolean {
  return shownKinds.has(kind);
}

/** Numbers a stage's shown steps: `[name 2/5] `, the name left out where there is one stage. */
export function titleCounter(stageName: string, total: number): () => string {
  const width = String(total).length;
  let count = 0;
  return () => {
    count++;
    const name = stageName === '' ? '' : `${stageName} `;
    return `[${name}${String(count).padStart(width)}/${total}] `;
  };
}

/** The instruction on one line, its keyword in capitals; what ADD logs in with does not show. */
export function stepText({ code, keyword }: Pick<Instruction, 'code' | 'keyword'>): string {
  const name = keyword.text.toUpperCase();
  const text = name + code.slice(keyword.text.length).replace(/\s*\n\s*/g, ' ');
  return name === 'ADD' ? withoutLogins(text) : text;
}

/** `stepText` with the variables replaced that are set, and what a here-document begins with. */
export function stepTitle(state: StageState, instruction: StageInstruction): string {
  const text = stepText(instruction);
  const [document] = instruction.heredocs;
  const lines = document?.content.trim().split(/\r?\n/) ?? [];
  const summary = document ? ` (${lines[0]}${lines.length > 1 ? '...' : ''})` : '';
  const title = expanded(state, text) + summary;
  return instruction.kind === 'add' ? withoutLogins(title) : title;
}

function expanded(state: StageState, text: string): string {
  if (!text.includes('$')) return text;
  try {
    const lookup = (name: string) => state.scope.variables.get(name);
    const { escapeToken } = state.context.dockerfile;
    return expand(text, lookup, { escapeToken, keepQuotes: true, keepUnset: true });
  } catch {
    // Shell text need not be a well-formed word.
    return text;
  }
}
