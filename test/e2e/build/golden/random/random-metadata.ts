import { variableNames } from './random-words.ts';
import type { Maker, Scene } from './scene.ts';

export function argument({ random, word, chance }: Scene): string {
  const one = () => random.pick(variableNames) + (chance(0.8) ? `=${word(1)}` : '');
  return `ARG ${[one(), ...random.list(1, one)].join(' ')}`;
}

export const environment: Maker = ({ random, word, chance, token }) => {
  if (chance(0.1)) return `ENV ${random.pick(variableNames)} ${word()} ${word()}`;
  const one = () => {
    const name = chance(0.05) ? word(1) : random.pick([...variableNames, 'HOME', 'N', 'n.n']);
    return `${name}=${word()}`;
  };
  const blank = chance(0.1) ? ` ${token}\n  ` : random.pick([' ', ' ', '  ', '\t']);
  return `ENV ${[one(), ...random.list(3, one)].join(blank)}`;
};

export const label: Maker = ({ random, word, chance, token }) => {
  if (chance(0.08)) return `LABEL ${random.pick(['k', 'a.b'])} ${word()} z`;
  const one = () =>
    `${chance(0.2) ? `"${random.pick(['k k', '$A', 'q'])}"` : random.pick(['k', 'a.b', 'k-$A', 'ü', "'s'"])}=${word()}`;
  return `LABEL ${[one(), ...random.list(2, one)].join(chance(0.1) ? ` ${token}\n#c\n  ` : ' ')}`;
};

export const directory: Maker = ({ random, word, chance }) =>
  `WORKDIR ${chance(0.3) ? word(1) : random.pick(['/w', 'rel', 'rel/../up', '/abslink/in', '/rellink', '../..', './', '/w/', '/real', 'x y', '"/q"', '/$A/b', '~', '.', '/w//d', '$UNSET/k'])}`;

export const user: Maker = ({ random }) =>
  `USER ${random.pick(['app', '0', '7:8', 'root', '${UNSET:-app}', 'app:users', '1000', ':8', '65534', 'app:', '007'])}`;

export const exposed: Maker = ({ random, chance }) => {
  const port = () =>
    random.pick([
      '80',
      '80/tcp',
      '53/udp',
      '8000-8003',
      '9/sctp',
      '${UNSET:-81}',
      '1-2/udp',
      '80/TCP',
      '0',
      '65535',
      '${UNSET}',
      '0080',
      '127.0.0.1:8:9',
      '7:6/udp',
    ]);
  return `EXPOSE ${[port(), ...random.list(2, port)].join(chance(0.2) ? '  ' : ' ')}`;
};

export const volume: Maker = ({ random, word, chance }) =>
  `VOLUME ${chance(0.2) ? word(1) : random.pick(['/v', '["/v", "/w x"]', '/v /w', '[]', '["/$A"]', '/v/', 'rel', '["/v",]', "['/v']", '/v /v', '"/v"', '[ "/a" ] ', '/${A:-d}/e'])}`;

export const stopSignal: Maker = ({ random }) =>
  `STOPSIGNAL ${random.pick(['9', 'SIGTERM', 'KILL', 'sigint', '${UNSET:-SIGHUP}', 'SIGRTMIN+3', '64', 'RTMAX-1', 'rtmin', 'QUIT'])}`;

export const maintainer: Maker = ({ random }) =>
  random.pick(['MAINTAINER me <a@b>', 'MAINTAINER  "x"  y ']);

function commandForm({ random, word, token }: Scene): string {
  return random.pick([
    'echo $A "b c"',
    '["a", "b c"]',
    '["a","$A"]',
    '[ "a" , "\\u00e9" ]',
    '[]',
    '["a",]',
    "['a']",
    '["a"] b',

    `a ${token}\n  b`,
    `a ${token}\n# c\n\n b`,
    ` "q" ${word(1)}`,
    `x #y`,
    '[ "t\\n\\t" ]',
    'exec ünï',
    `a ${token}  `,
    '["a"',
    `["a", ${token}\n "b"]`,
  ]);
}

export const command: Maker = (scene) =>
  `${scene.random.pick(['CMD', 'ENTRYPOINT'])} ${commandForm(scene)}`;

export const shell: Maker = ({ random }) =>
  `SHELL ${random.pick(['["/bin/sh", "-c"]', '["/bin/sh","-ec"]', '["sh", "-x", "-c"]', '["sh", "-c"]', '["sh","-c",]'])}`;

export const health: Maker = (scene) => {
  const { random, chance } = scene;
  if (chance(0.15))
    return random.pick([
      'HEALTHCHECK NONE',
      'HEALTHCHECK none',
      'HEALTHCHECK --interval=1s NONE',
      'HEALTHCHECK NONE',
    ]);
  const flags = [
    '--interval=5s',
    '--timeout=1m30s',
    '--retries=3',
    '--start-period=2h',
    '--start-interval=1.5s',
    '--retries=0',
    '--interval=0',
    '--timeout=100ms',
    '--retries=7',
    '--interval=1h',
    '--start-period=1ms',
    '--interval=+3s',
    '--interval=3s',
  ];
  return `HEALTHCHECK ${random.list(2, () => `${random.pick(flags)} `).join('')}${random.pick(['CMD', 'CMD', 'cmd'])} ${commandForm(scene)}`;
};
