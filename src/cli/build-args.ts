import { invalid } from '../core/index.ts';

/** NAME=VALUE, or NAME alone for the value this environment has. Throws `invalid`. */
export function parseBuildArgs(entries: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      if (entry === '' || equals === 0) {
        throw invalid(`parse --build-arg: "${entry}" is not name=value`);
      }
      return equals < 0
        ? [entry, process.env[entry]]
        : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
