/** Where programs are looked for in a container whose image says nothing. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a container's process: Docker's own variables, then those of links, then the
 * container's, which win. An entry without `=` takes a variable away.
 */
export function containerEnvironment(options: {
  hostname: string;
  terminal: boolean;
  links?: readonly string[];
  own: readonly string[];
}): string[] {
  const base = [
    `PATH=${defaultPath}`,
    `HOSTNAME=${options.hostname}`,
    ...(options.terminal ? ['TERM=xterm'] : []),
    ...(options.links ?? []),
  ];
  return mergeEnvironment(base, options.own);
}

/** Replaces variables in place, appends new ones, removes those named without a value. */
export function mergeEnvironment(base: readonly string[], changes: readonly string[]): string[] {
  const merged = new Map(base.map((entry) => [nameOf(entry), entry]));
  for (const entry of changes) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

function nameOf(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}
