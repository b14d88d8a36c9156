import { cleanPath } from './clean-path.ts';

/**
 * The patterns of a `.dockerignore`: comments and empty lines left out, each cleaned and without
 * its leading slash, a `!` in front kept.
 */
export function parseIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    // A `#` makes a comment in the first column only.
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const isNegated = trimmed.startsWith('!');
    const written = isNegated ? trimmed.slice(1).trim() : trimmed;
    const path = written === '' ? '' : cleanPath(written);
    const relative = path.length > 1 && path.startsWith('/') ? path.slice(1) : path;
    patterns.push(isNegated ? `!${relative}` : relative);
  }
  return patterns;
}
