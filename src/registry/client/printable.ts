/** Text of a registry as it may be shown: it reaches terminals, control characters must not. */
export function printable(text: string): string {
  return text.slice(0, 1000).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
}
