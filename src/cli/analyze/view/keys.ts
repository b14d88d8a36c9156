/** A key as bindings name it: `a`, `ctrl+a`, `up`, `pgdn`, `space`, `esc`, `f1` and so on. */
export type Key = string;

const sequences: Record<string, Key> = {
  '\x1b[A': 'up',
  '\x1b[B': 'down',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1bOA': 'up',
  '\x1bOB': 'down',
  '\x1bOC': 'right',
  '\x1bOD': 'left',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1bOH': 'home',
  '\x1bOF': 'end',
  '\x1b[1~': 'home',
  '\x1b[4~': 'end',
  '\x1b[2~': 'insert',
  '\x1b[3~': 'delete',
  '\x1b[5~': 'pgup',
  '\x1b[6~': 'pgdn',
  '\x1b[Z': 'shift+tab',
  '\x1bOP': 'f1',
  '\x1bOQ': 'f2',
  '\x1bOR': 'f3',
  '\x1bOS': 'f4',
};

const controls: Record<string, Key> = {
  '\0': 'ctrl+space',
  '\t': 'tab',
  '\r': 'enter',
  '\x1b': 'esc',
  '\x1c': 'ctrl+backslash',
  '\x1f': 'ctrl+slash',
  ' ': 'space',
  '\x7f': 'backspace',
};

/** Names of one key that a terminal cannot tell apart, or that people spell in several ways. */
const aliases: Record<string, Key> = {
  'ctrl+m': 'enter',
  'ctrl+i': 'tab',
  'ctrl+[': 'esc',
  'ctrl+2': 'ctrl+space',
  'ctrl+@': 'ctrl+space',
  'ctrl+/': 'ctrl+slash',
  'ctrl+_': 'ctrl+slash',
  'ctrl+\\': 'ctrl+backslash',
  return: 'enter',
  escape: 'esc',
  pageup: 'pgup',
  pagedown: 'pgdn',
  pgdown: 'pgdn',
  arrowup: 'up',
  arrowdown: 'down',
  arrowleft: 'left',
  arrowright: 'right',
  del: 'delete',
};

/** The keys in what a terminal sent in raw mode; sequences nobody knows are passed over. */
export function decodeKeys(input: string): Key[] {
  const keys: Key[] = [];
  let at = 0;
  while (at < input.length) {
    const sequence = /^\x1b(?:\[[0-9;?]*[@-~]|O[A-Za-z])/.exec(input.slice(at, at + 16))?.[0];
    if (sequence) {
      const key = sequences[sequence];
      if (key) keys.push(key);
      at += sequence.length;
      continue;
    }
    const char = String.fromCodePoint(input.codePointAt(at)!);
    const code = char.charCodeAt(0);
    const plain = code < 0x20 ? `ctrl+${String.fromCharCode(code + 0x60)}` : char;
    keys.push(controls[char] ?? plain);
    at += char.length;
  }
  return keys;
}

/** One key of a binding in the spelling `decodeKeys` uses. */
export function normalKey(text: string): Key {
  const key = text
    .trim()
    .toLowerCase()
    .replace(/\s*[+-]\s*(?=.)/g, '+');
  // A capital letter is a key of its own.
  if (text.trim().length === 1) return text.trim() === ' ' ? 'space' : text.trim();
  return aliases[key] ?? key;
}
