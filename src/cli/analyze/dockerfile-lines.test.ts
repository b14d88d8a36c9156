import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { dockerfileLines } from './dockerfile-lines.ts';

const dockerfile = parseDockerfile(`FROM debian AS base
RUN apt-get update && \\
    apt-get install -y curl
FROM other AS unused
COPY x /
FROM base
ARG VERSION=1
WORKDIR /app
COPY . .
RUN make \\
  all
CMD ["app"]
`);

const empty = { empty_layer: true };
const buildkit = [
  { created_by: '# debian.sh' },
  { created_by: 'CMD ["bash"]', ...empty },
  { created_by: 'RUN /bin/sh -c apt-get update &&     apt-get install -y curl # buildkit' },
  { created_by: 'ARG VERSION=1', ...empty },
  { created_by: 'WORKDIR /app' },
  { created_by: 'COPY . . # buildkit' },
  { created_by: 'RUN |1 VERSION=1 /bin/sh -c make   all # buildkit' },
  { created_by: 'CMD ["app"]', ...empty },
];
const found = [
  undefined,
  '2 RUN apt-get update && apt-get install -y curl',
  '8 WORKDIR /app',
  '9 COPY . .',
  '10 RUN make all',
];

const cases: [string, readonly object[], (string | undefined)[]][] = [
  ["BuildKit's history", buildkit, found],
  ['a builder that does not tell of ARG', buildkit.toSpliced(3, 1), found],
  [
    "the old builder's history",
    [
      { created_by: '/bin/sh -c #(nop) ADD file:1 in / ' },
      { created_by: '/bin/sh -c apt-get update &&     apt-get install -y curl' },
      { created_by: '/bin/sh -c #(nop)  ARG VERSION=1', ...empty },
      { created_by: '/bin/sh -c #(nop) WORKDIR /app' },
      { created_by: '/bin/sh -c #(nop) COPY dir:1 in . ' },
      { created_by: '|1 VERSION=1 /bin/sh -c make   all' },
      { created_by: '/bin/sh -c #(nop)  CMD ["app"]', ...empty },
    ],
    found,
  ],
  ['another image', [{ created_by: 'COPY a b' }, { created_by: 'USER x', ...empty }], [undefined]],
  ['no history', [], []],
];

for (const [name, history, lines] of cases) {
  test(`lines of ${name}`, () => {
    const actual = dockerfileLines(dockerfile, history);
    assert.deepEqual(
      actual.map((line) => line && `${line.line} ${line.text}`),
      lines,
    );
  });
}

test('a target stage, and one that is not there', () => {
  const history = [{ created_by: 'base' }, { created_by: 'COPY x / # buildkit' }];
  assert.equal(dockerfileLines(dockerfile, history, 'unused')[1]!.line, 5);
  assert.equal(dockerfileLines(dockerfile, history, '1')[1]!.line, 5);
  assert.throws(() => dockerfileLines(dockerfile, history, 'none'), { kind: 'not-found' });
});
