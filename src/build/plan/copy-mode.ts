import { invalid } from '../../core/index.ts';
import type { ModeTable } from '../ports.ts';

const directoryFlag = 0o10000;
const clause = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const operation = /([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g;

/** Where each class's bits stand, its set-id bit among them. */
const classes: Record<string, { shift: number; special: number }> = {
  u: { shift: 6, special: 0o4000 },
  g: { shift: 3, special: 0o2000 },
  o: { shift: 0, special: 0 },
};

/**
 * Reads what --chmod may say: an octal number, or symbolic clauses as chmod(1) takes them (without
 * a class they mean all, whatever the umask). Throws `invalid`.
 */
export function parseCopyMode(text: string): number | ModeTable {
  if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) return Number.parseInt(text, 8);
  if (/^[-+]?\d/.test(text)) {
    throw invalid(
      `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    );
  }
  const steps = text.split(',').flatMap((part) => clauseSteps(part, text));
  const table = new Uint16Array(2 * directoryFlag);
  for (let index = 0; index < table.length; index++) {
    const isDirectory = index >= directoryFlag;
    table[index] = steps.reduce((mode, step) => step(mode, isDirectory), index % directoryFlag);
  }
  return table;
}

type Step = (mode: number, isDirectory: boolean) => number;

function clauseSteps(part: string, whole: string): Step[] {
  const match = clause.exec(part);
  if (!match) throw invalid(`invalid chmod parameter: '${whole}': syntax error in '${part}'`);
  const who = match[1] === '' || match[1]!.includes('a') ? 'ugo' : match[1]!;
  return [...match[2]!.matchAll(operation)].map(([, operator, what]) => {
    return (mode: number, isDirectory: boolean): number => {
      const bits = bitsOf({ who, what: what!, mode, isDirectory });
      if (operator === '+') return mode | bits;
      if (operator === '-') return mode & ~bits;
      return (mode & ~maskOf(who, what!, isDirectory)) | bits;
    };
  });
}

function bitsOf(clause: { who: string; what: string; mode: number; isDirectory: boolean }): number {
  const { who, what, mode, isDirectory } = clause;
  const source = classes[what];
  let triple = source ? (mode >> source.shift) & 7 : 0;
  if (what.includes('r')) triple |= 4;
  if (what.includes('w')) triple |= 2;
  if (what.includes('x') || (what.includes('X') && (isDirectory || (mode & 0o111) !== 0))) {
    triple |= 1;
  }
  let bits = what.includes('t') && who === 'ugo' ? 0o1000 : 0;
  for (const letter of who) {
    const { shift, special } = classes[letter]!;
    bits |= (triple << shift) | (what.includes('s') ? special : 0);
  }
  return bits;
}

/** What `=` clears: a directory keeps its set-id bits unless they are named, as chmod(1) has it. */
function maskOf(who: string, what: string, isDirectory: boolean): number {
  let mask = who === 'ugo' && !isDirectory ? 0o1000 : 0;
  for (const letter of who) {
    const { shift, special } = classes[letter]!;
    mask |= (7 << shift) | (isDirectory && !what.includes('s') ? 0 : special);
  }
  return mask;
}
