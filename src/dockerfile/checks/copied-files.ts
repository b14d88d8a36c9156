import { quoted } from '../../core/index.ts';
import { cleanPath } from '../ignore/clean-path.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import type { Check } from './check.ts';

export const copyIgnoredFile: Check = {
  name: 'CopyIgnoredFile',
  description: 'Attempting to Copy file that is excluded by .dockerignore',
  experimental: true,
  instruction({ instruction, place, ignore }, report) {
    if (instruction.kind !== 'copy' && instruction.kind !== 'add') return;
    if (instruction.kind === 'copy' && instruction.from) return;
    // A negation may bring back something inside an ignored folder, which the text cannot tell.
    if (!ignore || ignore.hasNegations) return;
    const verb = instruction.kind === 'add' ? 'Add' : 'Copy';
    for (const { text, range } of instruction.sources) {
      if (isRemote(text)) continue;
      const path = cleanPath(text);
      if ((path === '.' || path === '/') && !ignoresEverything(ignore)) continue;
      if (!ignore.ignores(path)) continue;
      const message = `Attempting to ${verb} file ${quoted(path)} that is excluded by .dockerignore`;
      report(message, place, range);
    }
  },
};

function isRemote(source: string): boolean {
  return /^(?:https?|git|ssh):\/\/|^git@/.test(source);
}

function ignoresEverything({ patterns }: IgnoreMatcher): boolean {
  return patterns.some((pattern) => pattern === '*' || pattern === '**' || pattern === '**/*');
}
