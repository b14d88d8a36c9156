import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { buildOutline, outlineTargets } from './outline.ts';
import type { PlanOptions } from './plan.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };

function outline(text: string, given: Partial<PlanOptions> = {}) {
  const { args, secrets, ssh, ...rest } = buildOutline(parseDockerfile(text), {
    ...{ buildArgs: {}, platform: amd64, native: amd64, networkMode: 'default', allow: [] },
    contexts: new Map(),
    ...given,
  });
  const mounts = (all: typeof ssh) => all.map(({ name, required }) => name + (required ? '!' : ''));
  return {
    ...rest,
    args: args.map(({ name, value, line }) => `${line} ${name}=${value}`),
    described: args.filter(({ description }) => description).map((arg) => arg.description),
    secrets: mounts(secrets),
    ssh: mounts(ssh),
  };
}

const stages = `# VERSION the version to build
# UNUSED nobody
ARG VERSION=1 UNUSED=x
ARG TAG=v$VERSION
FROM scratch AS other
ARG O
COPY Dockerfile /x

# base is where all begins
FROM scratch AS base
# FOO says foo
ARG FOO=bar
ARG VERSION
COPY --from=other /x /x
RUN --mount=type=secret,id=tok,required --mount=type=ssh --mount=type=cache,target=/c true

# final is last
FROM base AS final
ARG TAG
ARG BAZ=\${FOO}-$TAG \\
    QUX
RUN --mount=type=secret,id=two \\
   true
`;

// What is expected is what BuildKit says of the same files.
describe('what a build can be given', () => {
  test('of all stages the target needs', () => {
    assert.deepEqual(outline(stages), {
      name: 'final',
      description: 'is last',
      args: ['3 VERSION=1', '4 TAG=v1', '6 O=', '12 FOO=bar', '20 BAZ=bar-v1', '20 QUX='],
      described: ['the version to build', 'says foo'],
      secrets: ['tok!', 'two'],
      ssh: ['default'],
    });
  });

  test('of another target, with the values given to this build', () => {
    const buildArgs = { O: '5', FOO: 'zz', VERSION: '7' };
    const { args, ...rest } = outline(stages, { target: 'base', buildArgs });
    assert.deepEqual(args, ['6 O=5', '12 FOO=zz', '13 VERSION=7']);
    assert.deepEqual([rest.name, rest.description], ['base', 'is where all begins']);
  });

  test('by names in FROM, and by way of other ARGs', () => {
    const text = `ARG BASE=scratch P=linux/amd64
ARG BASE2=$BASE
FROM --platform=$P $BASE2
ARG TARGETARCH X=$TARGETARCH
ARG P
ARG P=own
RUN --mount=type=secret,target=/a/b --mount=type=ssh,id=git,required true
`;
    assert.deepEqual(outline(text), {
      name: '',
      description: '',
      args: ['1 BASE=scratch', '2 BASE2=scratch', '4 X=amd64', '6 P=own'],
      described: [],
      secrets: ['b'],
      ssh: ['git!'],
    });
  });

  test('of an ARG that stands on its own earlier value', () => {
    const text = 'ARG A=x\nARG B=$A\nARG B=$B-y\nFROM debian:$B\n';
    assert.deepEqual(outline(text).args, ['1 A=x', '3 B=x-y']);
  });

  test('not of stages that are not there, nor in circles', () => {
    assert.throws(() => outline(stages, { target: 'nope' }), /target stage "nope" could not be/);
    const circle = 'FROM scratch AS a\nCOPY --from=b / /\nFROM scratch AS b\nCOPY --from=a / /\n';
    assert.throws(() => outline(circle), /circular dependency/);
  });

  test('of very many stages in a row', () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `FROM ${i ? `s${i - 1}` : 'x'} AS s${i}`);
    assert.deepEqual(outline(`${rows.join('\nARG A\n')}\nARG B=1\n`).args.slice(-1), ['6000 B=1']);
  });
});

test('the targets of a Dockerfile', () => {
  assert.deepEqual(
    outlineTargets(parseDockerfile(stages)),
    [
      { name: 'other', description: '', base: 'scratch', platform: '', line: 5, endLine: 5 },
      {
        ...{ name: 'base', description: 'is where all begins', base: 'scratch', platform: '' },
        ...{ line: 10, endLine: 10 },
      },
      {
        ...{ name: 'final', description: 'is last', base: 'base', platform: '' },
        ...{ line: 18, endLine: 18 },
      },
    ].map((target, index) => ({ ...target, isDefault: index === 2 })),
  );
});
