import type { SeededRandom } from '../../../../../src/dockerfile/seeded-random.ts';
import type { FileSpec } from '../../workshop.ts';

const names = [
  ...['a', 'b.txt', 'c.md', 'run.sh', 'A', 'lib', 'src', 'docs', 'a.txt', 'z', 'node_modules'],
  ...[
    '.env',
    '.git',
    '..data',
    'x y',
    'ünï',
    '日本',
    '-dash',
    'q?',
    'st*r',
    '[br]',
    '#hash',
    '!bang',
  ],
  ...['back\\slash', "it's", 'q"uote', '$A', 'a+b', 'a.b.c', 'very-long-name'.repeat(9)],
];
const fileModes = [0o644, 0o644, 0o644, 0o600, 0o755, 0o4755, 0o2711, 0o000, 0o444, 0o666, 0o1644];
const folderModes = [0o755, 0o755, 0o755, 0o700, 0o1777, 0o2750, 0o555, 0o777];

export type RandomFiles = Record<string, FileSpec>;

/** A small tree: files and folders with odd names and modes, links soft and hard. */
export function randomFiles(random: SeededRandom, mtimeS: number): RandomFiles {
  const files: RandomFiles = {};
  const folders = [''];
  const count = 3 + Math.floor(random.next() * 8);
  for (let left = count; left > 0; left--) {
    const parent = random.pick(folders);
    const path = parent + random.pick(random.next() < 0.7 ? names.slice(0, 11) : names);
    if (files[path] || files[`${path}/`]) continue;
    const roll = random.next();
    const regular = Object.keys(files).filter((at) => isRegular(files[at]!, at));
    if (roll < 0.3) {
      files[`${path}/`] = { content: '', mode: random.pick(folderModes), mtimeS };
      if (path.split('/').length < 4) folders.push(`${path}/`);
    } else if (roll < 0.42) {
      files[path] = { content: `->${linkTarget(random, Object.keys(files))}`, mtimeS };
    } else if (roll < 0.47 && regular.length > 0) {
      const first = random.pick(regular);
      files[path] = { content: `=>${first}`, mode: files[first]!.mode, mtimeS };
    } else {
      const content = random.pick(['', 'x', `${path}\n`, '$A "q"\n', `${left}`]);
      files[path] = { content, mode: random.pick(fileModes), mtimeS };
    }
  }
  return files;
}

function isRegular({ content }: FileSpec, path: string): boolean {
  return !path.endsWith('/') && typeof content === 'string' && !/^[-=]>/.test(content);
}

function linkTarget(random: SeededRandom, paths: readonly string[]): string {
  const some = paths.length > 0 ? random.pick(paths).replace(/\/$/, '') : 'a';
  return random.pick([
    some,
    some,
    `./${some}`,
    `/${some}`,
    `../${some}`,
    '..',
    '.',
    '/',
    'gone',
    '/etc/passwd',
  ]);
}

/** A `.dockerignore` whose patterns come near the paths there are. */
export function randomIgnoreFile(random: SeededRandom, paths: readonly string[]): string {
  const lines = random.list(5, () => ignoreLine(random, paths));
  return lines.join(random.next() < 0.15 ? '\r\n' : '\n') + random.pick(['', '\n', '\r\n']);
}

function ignoreLine(random: SeededRandom, paths: readonly string[]): string {
  const roll = random.next();
  if (roll < 0.08) return random.pick(['', '# a comment', ' # not one', '   ', '#']);
  if (roll < 0.2)
    return random.pick(['*', '**', '*.txt', '**/*.md', '!*', '!**/*.txt', '*/*', '.*', '/', '.']);
  return (
    random.pick(['', '', '', '!', '!', ' ', '! ']) +
    nearPattern(random, paths) +
    random.pick(['', '', '', '/', ' ', '/**', '/*'])
  );
}

/** A pattern made from one of the paths. */
export function nearPattern(random: SeededRandom, paths: readonly string[]): string {
  const parts = random
    .pick(paths.length > 0 ? paths : ['a'])
    .replace(/\/$/, '')
    .split('/');
  const at = Math.floor(random.next() * parts.length);
  const part = parts[at]!;
  const changes = [part, part, '*', '**', '?', `${part.slice(0, 1)}*`, `*${part.slice(-1)}`];
  changes.push(
    `[${part.slice(0, 1).replace(/[\]\\^-]/, 'a')}]${part.slice(1)}`,
    part.replace(/^[^\w]/, '\\$&'),
    `[^z]${part.slice(1)}`,
  );
  parts[at] = random.pick(changes);
  const start = random.pick(['', '', '', '', '/', './', '../', '**/', 'a/../']);
  return start + (random.next() < 0.2 ? parts.slice(at) : parts).join('/');
}
