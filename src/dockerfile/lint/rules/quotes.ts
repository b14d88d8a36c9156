/** A word of an instruction without the quotes around it. */
export function withoutQuotes(text: string): string {
  const match = /^(["'])(.*)\1$/s.exec(text);
  return match ? match[2]! : text;
}
