/**
 * The paragraphs of `Name: value` lines, blank lines between them, that dpkg, apk and Python's
 * metadata share. Names are as written; of a repeated one the first counts; continuation lines,
 * which begin with a space, are left out.
 */
export function* stanzas(text: string): Generator<Map<string, string>, void, undefined> {
  let fields = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end > at && text[end - 1] === '\r' ? end - 1 : end);
    at = end + 1;
    if (line === '') {
      if (fields.size > 0) yield fields;
      fields = new Map();
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0 || line[0] === ' ' || line[0] === '\t') continue;
    const name = line.slice(0, colon);
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  if (fields.size > 0) yield fields;
}
