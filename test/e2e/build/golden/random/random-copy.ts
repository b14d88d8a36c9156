import { nearPattern } from './random-context.ts';
import type { Maker, Scene } from './scene.ts';

function source(scene: Scene): string {
  const { random, paths, chance } = scene;
  if (chance(0.3) && paths.length > 0) return nearPattern(random, paths);
  if (chance(0.15) || paths.length === 0)
    return random.pick(['.', './', '/', '*', '**', '', '*/', './*', '?']) || '.';
  const path = random.pick(paths);
  const written = path.replace(/[[*?]/g, '[$&]');
  return (
    random.pick(['', '', '', '/', './']) + (chance(0.5) ? written : written.replace(/\/$/, ''))
  );
}

function destination({ random, word, chance }: Scene, several: boolean): string {
  const all = [
    '/',
    './',
    '/d/',
    'd/',
    '/new/deep/',
    '/abslink/',
    '/rellink/sub/',
    '/real/',
    '/dotslink/',
    '../',
    '/etc/',
    '/unpacked/in/',
  ];
  const single = [
    '/f',
    'f',
    '.',
    '/d',
    '/d/f',
    '/real/file',
    '/plainfile',
    '/deadlink',
    '/real/filelink',
    '/abslink',
    '/real/inside',
    '/etc/passwd',
    '/bin',
    '..',
    '/x y',
  ];
  if (!several && chance(0.08)) return word(1);
  return random.pick(several ? all : [...all, ...single, ...single]);
}

const copyFlags: ((scene: Scene) => string)[] = [
  ({ random }) =>
    `--chown=${random.pick(['7:8', 'app', 'app:users', '0', '5', 'root:8', '${UNSET:-3:4}', '"9:9"', '$UNSET'])}`,
  ({ random }) =>
    `--chmod=${random.pick(['644', '0755', '4755', 'u=rwX,go=rX', 'u+s', 'go-rwx', '+x', 'a=r', 'u=rwx,g=u-w', '${UNSET:-600}', '1777', 'g+X', 'o=g', 'a-w,u+w', '=', 'ug+rws', '+t', '0'])}`,
  ({ random }) => random.pick(['--link', '--link', '--link=true', '--link=false']),
  ({ random, paths }) =>
    `--exclude=${random.next() < 0.4 ? random.pick(['*.txt', '**/*.md', '*', '!a', '.*', '**']) : nearPattern(random, paths).replace(/ /g, '?')}`,
];

export function copyOrAdd(scene: Scene): string {
  const { random, chance, stages, contexts } = scene;
  const flags = random.list(chance(0.4) ? 2 : 0, () => random.pick(copyFlags)(scene));
  const distinct = flags.filter(
    (flag, at) =>
      flag.startsWith('--exclude') ||
      flags.findIndex((other) => other.split('=')[0] === flag.split('=')[0]) === at,
  );
  const isAdd = chance(0.2);
  const from = ['furnished', 'base', ...stages, ...stages, ...contexts, ...contexts];
  const isFrom = !isAdd && chance(0.3);
  if (isFrom) distinct.push(`--from=${random.pick(from)}`);
  const make = () =>
    isFrom && chance(0.7)
      ? random.pick([
          '/real',
          '/real/',
          '/etc/passwd',
          '/etc/*',
          '/abslink',
          '/rellink/',
          '/real/*',
          '/unpacked',
          '/unpacked/in/',
          '/plainfile',
          'etc',
          '/d',
          '/w',
          '/f',
          '/',
          '/real/f*',
          '/deadlink',
          '/real/filelink',
          '/*link*',
          '/owned',
          '/unpacked/*/h*',
        ])
      : source(scene);
  const sources = [make(), ...random.list(chance(0.25) ? 2 : 0, make)];
  const to = destination(scene, sources.length > 1);
  const words = [...sources, to];
  const head = [isAdd ? 'ADD' : 'COPY', ...distinct].join(' ');
  const isJson = words.some((word) => /[ \t]/.test(word)) || chance(0.1);
  return `${head} ${isJson ? JSON.stringify(words) : words.join(' ')}`;
}

export const inlineFile: Maker = ({ random, token, chance }) => {
  const name = random.pick(['EOF', 'E', 'a.txt', '"EOF"', "'E'", 'x-y']);
  const dash = chance(0.25) ? '-' : '';
  const end = name.replace(/["']/g, '');
  const body = random
    .list(3, () =>
      random.pick([
        'text',
        '$A ${UNSET:-d}',
        '\ttabbed',
        `${token}$A`,
        `a ${token}`,
        '"q" \'s\'',
        '',
        '  ',
        '# c',
        `${token}${token}`,
        'EO F',
        '${A',
        '${A#o}',
        ' EOF',
      ]),
    )
    .join('\n');
  const text = body === '' ? '' : `${body}\n`;
  const mode = chance(0.2) ? '--chmod=600 ' : '';
  if (chance(0.2)) return `COPY ${mode}<<${dash}${name} <<F2 /two/\n${text}${end}\nsecond $A\nF2`;
  return `${chance(0.8) ? 'COPY' : 'ADD'} ${mode}<<${dash}${name} ${random.pick(['/h', '/hh/', '.', 'rel', '/$A'])}\n${text}${dash ? random.pick(['\t', '']) : ''}${end}`;
};
