const letterOrDigit = /^[\p{L}\p{Nd}]$/u;
const digit = /^\p{Nd}$/u;
const specialParameters = '@*#?-$!0';

/** The end of the name at `start`: letters, digits and `_`; a number; or a special parameter. */
export function variableNameEnd(word: string, start: number): number {
  const characterAt = (at: number): string => String.fromCodePoint(word.codePointAt(at) ?? 0);
  let at = start;
  let character = characterAt(at);
  const isNumber = digit.test(character);
  if (!isNumber && at < word.length && specialParameters.includes(character)) return at + 1;
  while (isNumber ? digit.test(character) : character === '_' || letterOrDigit.test(character)) {
    at += character.length;
    character = characterAt(at);
  }
  return at;
}
