import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ExpandOptions, expand, expandWords, expansionOf } from './index.ts';
import { seededRandom } from './seeded-random.ts';

interface Case {
  about: string;
  word: string;
  text?: string;
  words?: string[];
  error?: string;
  options?: ExpandOptions;
}

const file = readFileSync(join(import.meta.dirname, 'testdata/expand.json'), 'utf8');
const { env, cases } = JSON.parse(file) as { env: Record<string, string>; cases: Case[] };
const lookup = (name: string) => env[name];

describe('expand', () => {
  for (const { about, word, text, words, error, options } of cases) {
    test(`${about}: ${JSON.stringify(word)}`, () => {
      if (error !== undefined) {
        assert.throws(() => expand(word, lookup, options), { message: error, kind: 'invalid' });
        return;
      }
      assert.equal(expand(word, lookup, options), text);
      if (words) assert.deepEqual(expandWords(word, lookup, options), words);
    });
  }

  test('tells which names were found and which were not', () => {
    const { matched, unmatched } = expansionOf(`$x $no \${empty:-$path} \${nope:+$inner}`, lookup);
    assert.deepEqual([...matched], ['x', 'path', 'empty']);
    assert.deepEqual([...unmatched], ['no', 'inner', 'nope']);
  });

  test('says where each word stood', () => {
    const word = `a "b c" $x`;
    const { spans } = expansionOf(word, lookup);
    assert.deepEqual(
      spans.map(({ start, end }) => word.slice(start, end)),
      ['a', '"b c"', '$x'],
    );
  });
});

describe('hostile words', () => {
  test('nesting has a limit', () => {
    const nested = (depth: number) => `${'${a:-'.repeat(depth)}x${'}'.repeat(depth)}`;
    assert.equal(
      expand(nested(90), () => undefined),
      'x',
    );
    assert.throws(() => expand(nested(50_000), () => undefined), /nest deeper than/);
  });

  test('variables that double each other stop before they fill the memory', () => {
    let value = 'x'.repeat(1000);
    assert.throws(() => {
      for (let round = 0; round < 40; round++) value = expand('$v$v', () => value);
    }, /longer than/);
    assert.ok(value.length < 2 ** 21);
  });

  test('a word of many patterns stops', () => {
    const value = 'x'.repeat(100_000);
    const word = `\${v##*}`.repeat(1000);
    assert.throws(() => expand(word, () => value), /patterns take more than/);
  });

  test('a pattern of many stars takes no time that explodes', () => {
    const pattern = 'a*'.repeat(200);
    const value = 'a'.repeat(20_000);
    assert.equal(
      expand(`\${v//${pattern}b/x}`, () => value),
      value,
    );
    assert.equal(
      expand(`\${v%%${pattern}b}`, () => value),
      value,
    );
  });
});

/** What a piece of a word is written as, and what it means. */
interface Piece {
  readonly text: string;
  /** Each character with whether something protects it from splitting. */
  readonly value: readonly (readonly [character: string, isProtected: boolean])[];
}

const values: Record<string, string> = { one: 'foo.bar', two: 'a b  c', none: '', path: '/x/y/x' };

describe('expand against what the pieces mean', () => {
  const random = seededRandom(20_240_117);

  const pieceOf = (text: string, value: string, isProtected: boolean): Piece => ({
    text,
    value: Array.from(value, (character) => [character, isProtected] as const),
  });
  const join = (pieces: readonly Piece[]): Piece => ({
    text: pieces.map(({ text }) => text).join(''),
    value: pieces.flatMap(({ value }) => value),
  });
  const meaning = ({ value }: Piece): string => value.map(([character]) => character).join('');

  const literal = (): Piece => {
    const text = random.pick(['a', 'b.c', '/', '-', '=', ' ', '  ', 'é', 'x y']);
    return pieceOf(text, text, false);
  };
  const escaped = (): Piece => {
    const character = random.pick(['$', '"', "'", '\\', ' ', 'n']);
    return pieceOf(`\\${character}`, character, true);
  };
  const singleQuoted = (): Piece => {
    const inside = random.pick(['a b', '$one', '\\', '"', '']);
    return pieceOf(`'${inside}'`, inside, true);
  };
  const variable = (): Piece => {
    const name = random.pick(['one', 'two', 'none', 'path', 'unset']);
    return pieceOf(`\${${name}}`, values[name] ?? '', false);
  };
  const doubleQuoted = (depth: number): Piece => {
    const inside = join(
      random.list(3, () =>
        random.pick([
          () => pieceOf(' a ', ' a ', true),
          () => pieceOf("'", "'", true),
          () => pieceOf('\\"', '"', true),
          () => pieceOf('\\n', '\\n', true),
          variable,
          () => (depth > 0 ? modified(depth - 1) : variable()),
        ])(),
      ),
    );
    return pieceOf(`"${inside.text}"`, meaning(inside), true);
  };
  const modified = (depth: number): Piece => {
    const name = random.pick(['one', 'two', 'none', 'path', 'unset']);
    const value = values[name];
    const isSet = value !== undefined;
    const operand = word(depth - 1);
    const [operator, result] = random.pick<[string, string]>([
      [':-', isSet && value !== '' ? value : meaning(operand)],
      ['-', isSet ? value : meaning(operand)],
      [':+', isSet && value !== '' ? meaning(operand) : ''],
      ['+', isSet ? meaning(operand) : ''],
    ]);
    return pieceOf(`\${${name}${operator}${operand.text}}`, result, false);
  };
  const trimmed = (): Piece => {
    const name = random.pick(['one', 'two', 'none', 'path', 'unset']);
    const value = values[name] ?? '';
    const pattern = random.list(3, () => random.pick(['*', '?', 'o', '.', 'x', ' '])).join('');
    const [operator, result] = random.pick<[string, string]>([
      ['#', trimByTrying(value, pattern, { suffix: false, longest: false })],
      ['##', trimByTrying(value, pattern, { suffix: false, longest: true })],
      ['%', trimByTrying(value, pattern, { suffix: true, longest: false })],
      ['%%', trimByTrying(value, pattern, { suffix: true, longest: true })],
    ]);
    return pieceOf(`\${${name}${operator}${pattern}}`, result, false);
  };
  const replaced = (): Piece => {
    const name = random.pick(['one', 'two', 'path', 'unset']);
    const value = values[name] ?? '';
    const pattern = random.pick(['o', '?', 'x*', '.b?', 'o*o', '* ', 'zz']);
    const all = random.next() < 0.5;
    const replacement = random.pick(['', 'X', 'a b']);
    const result = replaceByTrying(value, pattern, { replacement, all });
    const operator = all ? '//' : '/';
    return pieceOf(`\${${name}${operator}${pattern}/${replacement}}`, result, false);
  };
  const word = (depth: number): Piece =>
    join(
      random.list(4, () => {
        const kinds = [literal, escaped, singleQuoted, variable, trimmed, replaced];
        if (depth > 0)
          kinds.push(
            () => doubleQuoted(depth),
            () => modified(depth),
          );
        return random.pick(kinds)();
      }),
    );

  test('5,000 words', () => {
    for (let round = 0; round < 5000; round++) {
      const piece = word(3);
      const expansion = expansionOf(piece.text, (name) => values[name]);
      assert.equal(expansion.text, meaning(piece), piece.text);
      assert.deepEqual(expansion.words, splitByHand(piece.value), piece.text);
    }
  });
});

function splitByHand(value: Piece['value']): string[] {
  const marked = value.map(([character, isProtected]) =>
    character === ' ' && !isProtected ? '\n' : character,
  );
  return marked
    .join('')
    .split('\n')
    .filter((word) => word !== '');
}

/** Matches by trying every way, one character after the other. */
function matchesByTrying(text: string, pattern: string): boolean {
  if (pattern === '') return text === '';
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === '*') {
    for (let at = 0; at <= text.length; at++) {
      if (matchesByTrying(text.slice(at), rest)) return true;
    }
    return false;
  }
  return (
    text !== '' && (first === '?' || first === text[0]) && matchesByTrying(text.slice(1), rest)
  );
}

function trimByTrying(
  value: string,
  pattern: string,
  { suffix, longest }: { suffix: boolean; longest: boolean },
): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (longest) lengths.reverse();
  for (const length of lengths) {
    const cut = suffix ? value.length - length : length;
    const part = suffix ? value.slice(cut) : value.slice(0, cut);
    if (matchesByTrying(part, pattern)) return suffix ? value.slice(0, cut) : value.slice(cut);
  }
  return value;
}

function replaceByTrying(
  value: string,
  pattern: string,
  { replacement, all }: { replacement: string; all: boolean },
): string {
  for (let start = 0; start < value.length; start++) {
    for (let end = value.length; end > start; end--) {
      if (!matchesByTrying(value.slice(start, end), pattern)) continue;
      const rest = value.slice(end);
      const tail = all ? replaceByTrying(rest, pattern, { replacement, all }) : rest;
      return value.slice(0, start) + replacement + tail;
    }
  }
  return value;
}
