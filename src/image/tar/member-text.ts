export { nameBytes as memberBytes, nameText as memberText } from '../../core/index.ts';

/** A name as it may stand in a message: quoted, control characters escaped, cut at 200. */
export function quoteMember(text: string): string {
  const cut = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(cut).replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
