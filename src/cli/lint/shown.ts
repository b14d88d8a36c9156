/** Characters that steer a terminal or turn the reading direction. */
const steering = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Text from a file or a name of one, fit for a terminal: what steers it is spelled out. */
export function shown(text: string): string {
  return text.replace(steering, (character) => {
    const code = character.charCodeAt(0);
    const digits = code > 0xff ? `u${code.toString(16).padStart(4, '0')}` : hex(code);
    return `\\${digits}`;
  });
}

function hex(code: number): string {
  return `x${code.toString(16).padStart(2, '0')}`;
}

/** JSON that holds nothing a terminal obeys: what JSON leaves raw is escaped too. */
export function shownJson(value: unknown): string {
  return JSON.stringify(value).replace(
    steering,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const xmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for XML, in an element or an attribute. */
export function shownXml(text: string): string {
  return shown(text).replace(/[&<>"']/g, (character) => xmlEscapes[character]!);
}
