import { type Cursor, readWord, skipArithmetic } from './read-words.ts';
import {
  expansion,
  type ShellAssignment,
  type ShellScript,
  type ShellWord,
  type SimpleCommand,
} from './shell-script.ts';

type MutableCommand = {
  -readonly [Key in keyof SimpleCommand]: SimpleCommand[Key];
} & { args: ShellWord[]; assignments: ShellAssignment[] };

/** Words after which a command begins, or which end a compound command. */
const reserved = new Set([
  '!',
  '{',
  '}',
  'if',
  'then',
  'elif',
  'else',
  'fi',
  'while',
  'until',
  'do',
  'done',
  'time',
]);
/** Programs whose first argument is the command that really runs. */
const prefixes = new Set(['command', 'builtin', 'exec', 'busybox']);

const assignmentForm = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]*\])?\+?=/;

/** Reads a POSIX or bash script in time linear to its size. Never throws: what is odd is skipped. */
export function readScript(
  text: string,
  sourceOffset: (at: number) => number,
  { shell, written = 'plain' }: Partial<Pick<ShellScript, 'shell' | 'written'>> = {},
): ShellScript {
  const commands: SimpleCommand[] = [];
  const script = { text, commands, pipes: 0, sourceOffset, written, ...(shell && { shell }) };
  const reader = new ScriptReader(script);
  reader.readList(undefined);
  return script;
}

/** One pass over a script: owns the cursor and the here-documents announced on the current line. */
class ScriptReader implements Cursor {
  readonly text: string;
  at = 0;
  depth = 0;
  readonly #script: ShellScript & { commands: SimpleCommand[]; pipes: number };
  #pending: { name: string; stripTabs: boolean }[] = [];

  constructor(script: ShellScript & { commands: SimpleCommand[]; pipes: number }) {
    this.text = script.text;
    this.#script = script;
  }

  readList(end: ')' | '`' | undefined): void {
    /** Of each `case` that is open, whether a pattern comes next. */
    const cases: boolean[] = [];
    for (;;) {
      this.#skipBlanks();
      const character = this.text[this.at];
      if (character === undefined) return;
      if (character === end && !(character === ')' && cases.at(-1))) {
        this.at++;
        return;
      }
      if (cases.at(-1) && character !== '\n' && character !== ';') this.#readPattern(cases);
      else if (this.#readOperator(character, cases)) continue;
      else this.#readCommand(cases, end);
    }
  }

  /** Blanks, line continuations and comments. */
  #skipBlanks(): void {
    for (;;) {
      const character = this.text[this.at];
      if (character === ' ' || character === '\t' || character === '\r') this.at++;
      else if (character === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (character === '#') {
        const newline = this.text.indexOf('\n', this.at);
        this.at = newline < 0 ? this.text.length : newline;
      } else return;
    }
  }

  #readOperator(character: string, cases: boolean[]): boolean {
    const two = this.text.slice(this.at, this.at + 2);
    if (character === '\n') {
      this.at++;
      this.#skipHeredocs();
    } else if (two === ';;' || two === ';&') {
      this.at += this.text.startsWith(';;&', this.at) ? 3 : 2;
      if (cases.length > 0) cases[cases.length - 1] = true;
    } else if (two === '&&' || two === '||') this.at += 2;
    else if (two === '&>') return false;
    else if (character === ';' || character === '&') this.at++;
    else if (character === '|') {
      this.#script.pipes++;
      this.at += two === '|&' ? 2 : 1;
    } else if (two === '((') {
      this.at += 2;
      skipArithmetic(this);
    } else if (character === '(') {
      this.at++;
      this.#nested(')');
    } else if (character === ')') this.at++;
    else return false;
    return true;
  }

  #nested(end: ')'): void {
    if (this.depth >= 100) return;
    this.depth++;
    this.readList(end);
    this.depth--;
  }

  /** A pattern of `case` with its `)`, or the `esac` that ends it. */
  #readPattern(cases: boolean[]): void {
    if (this.text[this.at] === '(') this.at++;
    for (;;) {
      this.#skipBlanks();
      const word = readWord(this);
      if (word.text === 'esac') {
        cases.pop();
        return;
      }
      this.#skipBlanks();
      const character = this.text[this.at];
      if (character === '|' && this.text[this.at + 1] !== '|') this.at++;
      else {
        if (character === ')') this.at++;
        else if (word.end === word.start) this.at++;
        cases[cases.length - 1] = false;
        return;
      }
    }
  }

  #readCommand(cases: boolean[], end: ')' | '`' | undefined): void {
    let command: MutableCommand | undefined;
    const assignments: ShellAssignment[] = [];
    for (;;) {
      this.#skipBlanks();
      const character = this.text[this.at];
      if (character === undefined || (character === '`' && end === '`')) break;
      if (this.#readRedirection(character)) continue;
      const isProcess = '<>'.includes(character) && this.text[this.at + 1] === '(';
      if (isProcess) {
        const start = this.at;
        this.at += 2;
        this.#nested(')');
        const word = { text: expansion, isLiteral: false, start, end: this.at };
        command?.args.push(word);
        continue;
      }
      if (';&|()\n'.includes(character)) break;
      const word = this.#word(end);
      if (word.end === word.start) {
        this.at++;
        continue;
      }
      if (command) {
        command.args.push(word);
        command.end = word.end;
        this.#applyPrefix(command);
        continue;
      }
      const assigned = assignmentForm.exec(this.text.slice(word.start, word.end));
      if (assigned) {
        assignments.push(assignmentOf(word, assigned));
        this.#skipArray();
      } else if (this.#readKeyword(word, cases)) return;
      else if (this.#isFunction()) return;
      else command = this.#begin(word, assignments);
    }
  }

  /** A word that inside backquotes ends at the closing one. */
  #word(end: ')' | '`' | undefined): ShellWord {
    if (end !== '`') return readWord(this);
    const close = this.text.indexOf('`', this.at);
    const limit = close < 0 ? this.text.length : close;
    const start = this.at;
    let at = start;
    while (at < limit && !/[\s;&|<>()]/.test(this.text[at]!)) at++;
    this.at = at;
    const text = this.text.slice(start, at).replace(/['"\\]/g, '');
    return { text, isLiteral: !text.includes('$'), start, end: at };
  }

  #begin(word: ShellWord, assignments: ShellAssignment[]): MutableCommand {
    const command: MutableCommand = {
      script: this.#script,
      name: word.isLiteral ? word.text : '',
      nameWord: word,
      args: [],
      assignments,
      end: word.end,
    };
    this.#script.commands.push(command);
    return command;
  }

  #applyPrefix(command: MutableCommand): void {
    if (!prefixes.has(command.name) || command.args.length !== 1) return;
    const [word] = command.args;
    if (!word || word.text.startsWith('-')) return;
    command.name = word.isLiteral ? word.text : '';
    command.nameWord = word;
    command.args = [];
  }

  /** Whether the word was one of the language's own, and is dealt with. */
  #readKeyword({ text, start, end }: ShellWord, cases: boolean[]): boolean {
    if (end - start !== text.length) return false;
    if (reserved.has(text)) return true;
    if (text === 'for' || text === 'select') this.#skipWords(/^(?:do|;)$/);
    else if (text === 'case') {
      this.#skipWords(/^in$/);
      cases.push(true);
    } else if (text === 'esac') cases.pop();
    else if (text === '[[') this.#skipTest();
    else if (text === 'function') {
      this.#skipBlanks();
      readWord(this);
      this.#isFunction();
    } else return false;
    return true;
  }

  /** Reads words up to one that matches, or to the end of the line. */
  #skipWords(last: RegExp): void {
    for (;;) {
      this.#skipBlanks();
      const character = this.text[this.at];
      if (character === undefined || character === '\n' || character === ';') return;
      const word = readWord(this);
      if (word.end === word.start) this.at++;
      else if (last.test(word.text)) return;
    }
  }

  #skipTest(): void {
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (/\s/.test(character)) {
        this.at++;
        continue;
      }
      const word = readWord(this);
      if (word.text === ']]') return;
      if (word.end === word.start) this.at++;
    }
  }

  #isFunction(): boolean {
    this.#skipBlanks();
    if (!/^\(\s*\)/.test(this.text.slice(this.at, this.at + 8))) return false;
    this.at = this.text.indexOf(')', this.at) + 1;
    return true;
  }

  /** What `NAME=(` opens. */
  #skipArray(): void {
    if (this.text[this.at] !== '(') return;
    this.at++;
    while (this.at < this.text.length && this.text[this.at] !== ')') {
      const word = readWord(this);
      if (word.end === word.start && this.text[this.at] !== ')') this.at++;
    }
    this.at++;
  }

  #readRedirection(character: string): boolean {
    const match = redirection(this.text, this.at, character);
    if (!match) return false;
    this.at += match.length;
    const operator = match.replace(/^\d+/, '');
    this.#skipBlanks();
    const target = readWord(this);
    if (operator === '<<' || operator === '<<-') {
      this.#pending.push({ name: target.text, stripTabs: operator === '<<-' });
    }
    return true;
  }

  #skipHeredocs(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { name, stripTabs } of pending) {
      while (this.at < this.text.length) {
        const newline = this.text.indexOf('\n', this.at);
        const end = newline < 0 ? this.text.length : newline;
        const line = this.text.slice(this.at, end);
        this.at = Math.min(end + 1, this.text.length);
        if ((stripTabs ? line.replace(/^\t+/, '') : line) === name) break;
      }
    }
  }
}

const redirectionForm = /\d*(?:&>>?|<<<|<<-?|<>|<&|>>|>&|>\||<(?!\()|>(?!\())/y;

function redirection(text: string, at: number, character: string): string | undefined {
  if (!'<>&0123456789'.includes(character)) return undefined;
  redirectionForm.lastIndex = at;
  return redirectionForm.exec(text)?.[0];
}

function assignmentOf(word: ShellWord, [form, name = '']: RegExpExecArray): ShellAssignment {
  const start = word.start + form.length;
  const value = word.text.slice(word.text.indexOf('=') + 1);
  return { name, value: { ...word, text: value, start } };
}
