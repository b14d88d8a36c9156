import type { SeededRandom } from '../../../../../src/dockerfile/seeded-random.ts';

/** Names that words refer to; some are never set. */
export const variableNames = ['A', 'B', 'C', 'D', 'E_1', 'UNSET', 'EMPTY'] as const;

const plainTexts = [
  'x',
  'one',
  'a.b',
  'foo/bar',
  'Ünï',
  '日',
  '-',
  'v1.2',
  'a:b',
  ',',
  '=',
  '~',
  '%',
  '[z]',
];
const globTexts = [
  '*',
  '?',
  'o*',
  'f?o',
  '*o',
  'b*r',
  '.',
  '/',
  'x',
  'one',
  '\\*',
  '[a]',
  '/*',
  '*/',
];
const supplied = ['TARGETARCH', 'TARGETPLATFORM', 'BUILDOS', 'TARGETVARIANT', 'PATH', 'HOME'];

/** Text with variables in all their forms; `depth` is how deep they may nest. */
export function randomWord(random: SeededRandom, token: string, depth = 2): string {
  const parts = 1 + Math.floor(random.next() * 3);
  return Array.from({ length: parts }, () => part(random, token, depth)).join('');
}

function name(random: SeededRandom): string {
  return random.next() < 0.07 ? random.pick(supplied) : random.pick(variableNames);
}

function part(random: SeededRandom, token: string, depth: number): string {
  const roll = random.next();
  if (roll < 0.3 || depth === 0) return random.pick(plainTexts);
  if (roll < 0.4) return `$${name(random)}`;
  if (roll < 0.5) return `\${${name(random)}}`;
  if (roll < 0.72) return modified(random, token, depth - 1);
  if (roll < 0.79) return `'${inQuotes(random, token, "'")}'`;
  if (roll < 0.88) return `"${inQuotes(random, token, '"')}${randomWord(random, token, 0)}"`;
  if (roll < 0.96) return token + random.pick(['$', '"', "'", 'n', 't', token, ' ', 'a', '*', '{']);
  return random.pick(['$', '$1', '$$', '${1}', '$@', '{', '}', '<', '<<', '$?', '$-']);
}

function inQuotes(random: SeededRandom, token: string, quote: string): string {
  const other = quote === '"' ? "'" : '"';
  const held = [
    'a b',
    ' ',
    `${other}`,
    `$${name(random)}`,
    `\${${name(random)}:-d e}`,
    token + token,
  ];
  held.push(`${token}n`, `${token}$A`, '#', 'x', '');
  if (quote === '"') held.push(`${token}"`);
  return random.list(3, () => random.pick(held)).join('');
}

function modified(random: SeededRandom, token: string, depth: number): string {
  const variable = name(random);
  const operator = random.pick([
    ':-',
    ':+',
    '-',
    '+',
    ':-',
    ':+',
    '#',
    '##',
    '%',
    '%%',
    '/',
    '//',
    ':?',
    '?',
  ]);
  if (operator.startsWith('/')) {
    return `\${${variable}${operator}${pattern(random, token, depth)}/${operand(random, token, depth)}}`;
  }
  if (/[#%]/.test(operator)) return `\${${variable}${operator}${pattern(random, token, depth)}}`;
  // What must be set fails the build: seldom.
  if (operator.endsWith('?') && random.next() < 0.95) return `\${${variable}}`;
  return `\${${variable}${operator}${operand(random, token, depth)}}`;
}

function pattern(random: SeededRandom, token: string, depth: number): string {
  if (depth > 0 && random.next() < 0.2) return part(random, token, depth);
  const text = random.pick(globTexts) + (random.next() < 0.3 ? random.pick(globTexts) : '');
  return text.replaceAll('\\', token);
}

function operand(random: SeededRandom, token: string, depth: number): string {
  const roll = random.next();
  if (roll < 0.1) return '';
  if (roll < 0.11) return ' ';
  return randomWord(random, token, depth);
}
