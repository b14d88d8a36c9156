import { isSame, type Outcome } from '../outcome.ts';

/**
 * How two outcomes of a random case relate: `same`, a difference that docs/buildkit.md names (in
 * parentheses), or what differs.
 */
export function verdictOf(theirs: Outcome, own: Outcome, dockerfile: string): string {
  const isError = own.file === 'error.txt';
  if (theirs.file !== own.file) {
    if (isError && /must be a directory and end with a \//.test(own.text))
      return '(several sources)';
    if (/unable to find (?:user|group)/.test(own.text)) return '(unknown owner)';
    if (/^lstat .*no such file|^line \d+: lstat /m.test(theirs.text)) return '(no match)';
    return isError ? 'only Berth fails' : 'only BuildKit fails';
  }
  if (isSame(theirs.text, own.text, own.file)) return isError ? 'same error' : 'same';
  return isError
    ? errorVerdict(theirs.text, own.text)
    : imageVerdict(theirs.text, own.text, dockerfile);
}

const warnings = /^warning .*\n/gm;
/** Of these Berth tells what later versions of BuildKit do. */
const laterWarnings = /^warning line \d+: CopyIgnoredFile: .*\n/gm;
const place = /^line (\d+): /m;

function errorVerdict(theirs: string, own: string): string {
  const [said, saidOwn] = [theirs, own].map((text) => text.replace(warnings, '')) as [
    string,
    string,
  ];
  const [line, ownLine] = [said, saidOwn].map((text) => Number(place.exec(text)?.[1] ?? 0)) as [
    number,
    number,
  ];
  const [words, ownWords] = [said, saidOwn].map(wordsOf) as [string, string];
  if (ownWords.startsWith(words)) return '(line of the word)';
  if (/must be a directory and end with a \//.test(ownWords)) return '(several sources)';
  if (/^lstat .*no such file/.test(words) && /not found/.test(ownWords)) return '(missing file)';
  if (ownLine < line && /^line \d+: dockerfile parse error/.test(saidOwn)) return '(first error)';
  if (/exit code: 1$/.test(words) && /OCI runtime create failed/.test(ownWords)) {
    return '(words of the runtime)';
  }
  // Of several files that are missing, either may be missed first.
  if ([words, ownWords].every((text) => /^failed to compute cache key/.test(text))) {
    return '(missing file)';
  }
  return line === ownLine ? 'error' : 'other error';
}

function wordsOf(text: string): string {
  return text
    .replace(place, '')
    .replace(/^dockerfile parse error on line \d+: /, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function imageVerdict(theirs: string, own: string, dockerfile: string): string {
  if (theirs.replace(warnings, '') === own.replace(warnings, '')) {
    const [told, toldOwn] = [theirs, own].map((text) => text.replace(laterWarnings, ''));
    return told === toldOwn ? '(later warnings)' : 'warnings';
  }
  const withoutModes = (text: string) => text.replace(/^( ".*" d) \d+/gm, '$1');
  const setsMode = /--chmod/i.test(dockerfile);
  if (setsMode && withoutModes(theirs) === withoutModes(own)) return '(modes of folders)';
  // What --exclude and --link mean differs in the files themselves.
  if (/--exclude/i.test(dockerfile)) return '(exclude)';
  if (/--link/i.test(dockerfile)) return '(link)';
  return 'image';
}
