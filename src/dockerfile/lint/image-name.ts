/** An image as FROM names it, cut into its parts; variables are left as they are. */
export interface ImageName {
  /** Undefined when the name has none, and so means Docker Hub. */
  readonly registry: string | undefined;
  /** Without the registry. */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Never throws: what is no valid reference is cut the same way. */
export function imageName(text: string): ImageName {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const isRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const rest = isRegistry ? named.slice(slash + 1) : named;
  const colon = tagColon(rest);
  return {
    registry: isRegistry ? first : undefined,
    path: colon < 0 ? rest : rest.slice(0, colon),
    tag: colon < 0 ? undefined : rest.slice(colon + 1),
    digest,
  };
}

/** Where the tag begins; a colon inside `${ }` does not count. */
function tagColon(text: string): number {
  let braces = 0;
  let found = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') braces++;
    else if (character === '}') braces--;
    else if (braces === 0 && character === ':') found = at;
    else if (braces === 0 && character === '/') found = -1;
  }
  return found;
}

/** Whether nothing but the build's arguments says which image it is. */
export function isVariable(text: string): boolean {
  return /^\$(?:\{[^}]*\}|\w+)$/.test(text);
}
