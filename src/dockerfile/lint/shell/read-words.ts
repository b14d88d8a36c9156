import { expansion, type ShellWord } from './shell-script.ts';

/** A place in a script that is read from left to right, each character once. */
export interface Cursor {
  readonly text: string;
  at: number;
  /** Substitutions entered and not yet left. */
  depth: number;
  /** Reads the commands up to `end` and leaves the cursor after it. */
  readList(end: ')' | '`'): void;
}

/** Deeper than this, what stands in `$( )` is taken as plain text. */
const maximumDepth = 100;

const wordEnd = /[\s;&|<>()]/;
const special = /[\s;&|<>()\\'"$`]/g;
const nameForm = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]/y;

interface Piece {
  text: string;
  isLiteral: boolean;
}

/** The word at the cursor, which may be empty where an operator stands. */
export function readWord(cursor: Cursor): ShellWord {
  const { text } = cursor;
  const start = cursor.at;
  const word: Piece = { text: '', isLiteral: true };
  while (cursor.at < text.length) {
    special.lastIndex = cursor.at;
    const next = special.exec(text)?.index ?? text.length;
    if (next > cursor.at) {
      word.text += text.slice(cursor.at, next);
      cursor.at = next;
      continue;
    }
    const character = text[cursor.at]!;
    if (wordEnd.test(character)) break;
    readPart(cursor, word, character);
  }
  return { ...word, start, end: cursor.at };
}

function readPart(cursor: Cursor, word: Piece, character: string): void {
  const { text } = cursor;
  if (character === '\\') readEscape(cursor, word);
  else if (character === "'") {
    const close = text.indexOf("'", cursor.at + 1);
    const end = close < 0 ? text.length : close;
    word.text += text.slice(cursor.at + 1, end);
    cursor.at = end + 1;
  } else if (character === '"') readDoubleQuoted(cursor, word);
  else readExpansion(cursor, word);
}

function readEscape(cursor: Cursor, word: Piece): void {
  const next = cursor.text[cursor.at + 1];
  if (next !== undefined && next !== '\n') word.text += next;
  cursor.at += 2;
}

const dollarInQuotes = /["\\$`]/g;

function readDoubleQuoted(cursor: Cursor, word: Piece): void {
  const { text } = cursor;
  cursor.at++;
  while (cursor.at < text.length) {
    dollarInQuotes.lastIndex = cursor.at;
    const next = dollarInQuotes.exec(text)?.index ?? text.length;
    word.text += text.slice(cursor.at, next);
    cursor.at = next;
    const character = text[next];
    if (character === '"') {
      cursor.at++;
      return;
    }
    if (character === '\\') readQuotedEscape(cursor, word);
    else if (character !== undefined) readExpansion(cursor, word);
  }
}

function readQuotedEscape(cursor: Cursor, word: Piece): void {
  const next = cursor.text[cursor.at + 1];
  cursor.at += 2;
  if (next === undefined || next === '\n') return;
  word.text += '"\\$`'.includes(next) ? next : `\\${next}`;
}

/** Reads what `$` or a backquote opens; a `$` that opens nothing is itself. */
function readExpansion(cursor: Cursor, word: Piece): void {
  const { text } = cursor;
  const character = text[cursor.at]!;
  const next = text[cursor.at + 1];
  if (character === '`' || (next === '(' && text[cursor.at + 2] !== '(')) {
    readSubstitution(cursor, word, character === '`' ? '`' : ')');
    return;
  }
  if (next === '(') {
    cursor.at += 3;
    skipArithmetic(cursor);
  } else if (next === '{') {
    cursor.at += 2;
    skipBraces(cursor);
  } else if (next === "'") {
    readAnsiQuoted(cursor, word);
    return;
  } else {
    nameForm.lastIndex = cursor.at + 1;
    if (!nameForm.test(text)) {
      word.text += '$';
      cursor.at++;
      return;
    }
    cursor.at = nameForm.lastIndex;
  }
  word.text += expansion;
  word.isLiteral = false;
}

function readSubstitution(cursor: Cursor, word: Piece, end: ')' | '`'): void {
  cursor.at += end === ')' ? 2 : 1;
  word.text += expansion;
  word.isLiteral = false;
  if (cursor.depth >= maximumDepth) return;
  cursor.depth++;
  cursor.readList(end);
  cursor.depth--;
}

function readAnsiQuoted(cursor: Cursor, word: Piece): void {
  const { text } = cursor;
  cursor.at += 2;
  while (cursor.at < text.length && text[cursor.at] !== "'") {
    if (text[cursor.at] === '\\') cursor.at++;
    word.text += text[cursor.at] ?? '';
    cursor.at++;
  }
  cursor.at++;
}

/** Skips what follows `${` up to its brace; commands substituted inside are read. */
function skipBraces(cursor: Cursor): void {
  const { text } = cursor;
  const inside: Piece = { text: '', isLiteral: true };
  while (cursor.at < text.length) {
    const character = text[cursor.at]!;
    if (character === '}') {
      cursor.at++;
      return;
    }
    if (character === '\\') cursor.at += 2;
    else if (character === '"' && cursor.depth < maximumDepth) {
      cursor.depth++;
      readDoubleQuoted(cursor, inside);
      cursor.depth--;
    } else if (character === "'") {
      const close = text.indexOf("'", cursor.at + 1);
      cursor.at = close < 0 ? text.length : close + 1;
    } else if ((character === '$' || character === '`') && cursor.depth < maximumDepth) {
      cursor.depth++;
      readExpansion(cursor, inside);
      cursor.depth--;
    } else cursor.at++;
    inside.text = '';
  }
}

/** Skips an arithmetic expression up to the `))` that ends it, or to where its first `)` is. */
export function skipArithmetic(cursor: Cursor): void {
  const { text } = cursor;
  let open = 2;
  for (; cursor.at < text.length && open > 0; cursor.at++) {
    const character = text[cursor.at];
    if (character === '(') open++;
    else if (character === ')') open--;
  }
}
