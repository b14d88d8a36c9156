import { invalid } from '../../core/index.ts';

const defaultKeys = [0x10, 0x11];

/**
 * The bytes of `ctrl-p,ctrl-q`, `a` or `ctrl-@,x`; Docker's default for ''. Throws `invalid` in
 * Docker's words.
 */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === '') return defaultKeys;
  return text.split(',').map((key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@^[\\\]_])$/i.exec(key)?.[1];
    if (control === undefined) throw invalid(`Invalid detach keys (${text}) provided`);
    return control.toUpperCase().charCodeAt(0) - 0x40;
  });
}

/**
 * Gives a function that passes input on without the detach keys: bytes that may begin them wait for
 * the next. `detached` once the keys are complete; what follows them is dropped.
 */
export function detachFilter(
  keys: readonly number[],
): (chunk: Uint8Array) => { bytes: Uint8Array; detached: boolean } {
  let matched = 0;
  return (chunk) => {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === keys[matched]) {
        matched++;
        if (matched === keys.length) return { bytes: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...keys.slice(0, matched));
      matched = byte === keys[0] ? 1 : 0;
      if (matched === 0) out.push(byte);
    }
    return { bytes: Uint8Array.from(out), detached: false };
  };
}
