/**
 * Paths as routes write them: `/containers/:id/json`, and `/images/:name+/json` where the name may
 * hold slashes. Fastify's router keeps a parameter within one segment, so the slashes of such a
 * name are escaped before it sees them.
 */
export interface PathPattern {
  /** The path in Fastify's notation. */
  readonly url: string;
  /** The path parameters, decoded, or undefined when the path is another's. */
  match(path: string): Record<string, string> | undefined;
  /** The path with the slashes of a `:name+` escaped, or undefined when it has none. */
  fold(path: string): string | undefined;
}

export function compilePath(path: string): PathPattern {
  const names: string[] = [];
  const source = path.replace(/[.]/g, '\\.').replace(/:(\w+)(\+?)/g, (_, name, greedy) => {
    names.push(name);
    return greedy ? '(.+)' : '([^/]+)';
  });
  const whole = new RegExp(`^${source}$`);
  const greedy = path.includes('+');
  return {
    url: path.replaceAll('+', ''),
    match(path) {
      const found = whole.exec(path);
      if (!found) return undefined;
      return Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1]!)]));
    },
    fold(path) {
      const name = greedy ? whole.exec(path)?.[1] : undefined;
      return name?.includes('/')
        ? path.replace(name, () => name.replaceAll('/', '%2F'))
        : undefined;
    },
  };
}

function decode(component: string): string {
  try {
    return decodeURIComponent(component);
  } catch {
    return component;
  }
}
