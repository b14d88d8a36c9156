/** As much of the text as fits into so many columns of a terminal, and how many it takes. */
export function cutToWidth(text: string, columns: number): { text: string; width: number } {
  let width = 0;
  let end = 0;
  for (const char of text) {
    const next = width + charWidth(char.codePointAt(0)!);
    if (next > columns) break;
    width = next;
    end += char.length;
  }
  return { text: text.slice(0, end), width };
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return cutToWidth(text, Number.POSITIVE_INFINITY).width;
}

/** Columns of a character: 0 for combining marks, 2 for East Asian wide ones and emoji. */
function charWidth(code: number): number {
  if (code < 0x300) return 1;
  if (/\p{Mn}|\p{Me}/u.test(String.fromCodePoint(code))) return 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}
