/** NAME=VALUE, or NAME alone for the value this environment has. */
export function parseBuildArgs(entries: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      return equals < 0
        ? [entry, process.env[entry]]
        : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
