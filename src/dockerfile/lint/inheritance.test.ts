import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../seeded-random.ts';
import { applyFixes } from './fix.ts';
import { lintDockerfile } from './lint-dockerfile.ts';
import type { LintOptions } from './lint-options.ts';
import { allRules } from './rules/all-rules.ts';

function found(text: string, options: Partial<LintOptions> = {}): string[] {
  return lintDockerfile(text, options).findings.map(({ line, code }) => `${line} ${code}`);
}

describe('pragmas', () => {
  const cases: [title: string, text: string, expected: string[]][] = [
    ['the next instruction', '# hadolint ignore=DL3006\nFROM a\nFROM b\n', ['3 DL3006']],
    ['over empty lines and comments', '# hadolint ignore=DL3006\n\n# why\nFROM a\n', []],
    ['several codes, blanks anywhere', '#hadolint   ignore = DL3006 , DL3007\nFROM a\n', []],
    ['a comment after it', '# hadolint ignore=DL3006 # because\nFROM a\n', []],
    ['one code that is none voids it', '# hadolint ignore=DL3006,foo\nFROM a\n', ['2 DL3006']],
    ['words that are no list void it', '# hadolint ignore=DL3006 DL3007\nFROM a\n', ['2 DL3006']],
    ['an empty list voids it', '# hadolint ignore=\nFROM a\n', ['2 DL3006']],
    ['other codes count for nothing', '# hadolint ignore=DL3007\nFROM a\n', ['2 DL3006']],
    ['the whole file', 'FROM a\nFROM b\n# hadolint global ignore=DL3006\n', []],
    [
      'a stage, from within',
      'FROM a:1\n# hadolint stage ignore=DL3003\nRUN cd x\nRUN cd y && z\nFROM b:1\nRUN cd x\n',
      ['6 DL3003'],
    ],
    [
      'a stage, from above its FROM',
      '# hadolint stage ignore=DL3006\nFROM a\nFROM b\n',
      ['3 DL3006'],
    ],
    [
      'inside an instruction it is none',
      'FROM a:1\nRUN x \\\n# hadolint ignore=DL3003\n && cd y\n',
      ['2 DL3003'],
    ],
    ["Berth's own spelling", '# berth ignore=DL3006\nFROM a\n', []],
    [
      'the shell',
      'FROM a:1\n# hadolint shell=powershell\nRUN cd x | y\nFROM b:1\nRUN cd x\n',
      ['5 DL3003'],
    ],
    [
      'escape=` means Windows',
      '# escape=`\nFROM a:1\nRUN cd x | y\nSHELL ["bash"]\nRUN cd x\n',
      ['5 DL3003'],
    ],
    ['a shell with a comment', 'FROM a:1\n#hadolint shell = cmd # windows\nRUN cd x\n', []],
  ];
  for (const [title, text, expected] of cases) {
    test(title, () => assert.deepEqual(found(text, { ignored: new Set(['DL3059']) }), expected));
  }
  test('can be switched off', () => {
    const text = '# hadolint ignore=DL3006\nFROM a\n';
    assert.deepEqual(found(text, { disableIgnorePragma: true }), ['2 DL3006']);
  });
});

describe('what a stage has from the one it is built from', () => {
  const cases: [title: string, text: string, expected: string[]][] = [
    ['WORKDIR', 'FROM a:1 AS b\nWORKDIR /x\nFROM b\nCOPY a c\n', []],
    [
      'pipefail',
      'FROM a:1 AS b\nSHELL ["/bin/bash","-o","pipefail","-c"]\nFROM b\nRUN a | b\n',
      [],
    ],
    ['a shell that is not POSIX', 'FROM a:1 AS b\nSHELL ["pwsh","-c"]\nFROM b\nRUN cd a | b\n', []],
    [
      'ENV',
      'FROM a:1 AS b\nENV PIP_NO_CACHE_DIR=1\nFROM b AS c\nFROM c\nRUN pip install x==1\n',
      [],
    ],
    [
      'but no ARG',
      'FROM a:1 AS b\nARG PIP_NO_CACHE_DIR=1\nFROM b\nRUN pip install x==1\n',
      ['4 DL3042'],
    ],
    ['names in any case', 'FROM a:1 AS Base\nWORKDIR /x\nFROM bASE\nCOPY a c\n', []],
    ['nothing from others', 'FROM a:1 AS b\nWORKDIR /x\nFROM a:1\nCOPY a c\n', ['4 DL3045']],
    ['nothing that comes later', 'FROM a:1 AS b\nCOPY a c\nWORKDIR /x\n', ['2 DL3045']],
    ['triggers are linted too', 'FROM a:1\nONBUILD RUN sudo x\n', ['2 DL3004']],
  ];
  for (const [title, text, expected] of cases) {
    test(title, () => assert.deepEqual(found(text), expected));
  }
});

test('a snippet without FROM is linted', () => {
  assert.deepEqual(found('RUN cd /x\n'), ['1 DL3003', '1 DL3061']);
  assert.deepEqual(found('ARG TOKEN\n'), ['1 DL3064']);
  assert.deepEqual(found('# only a comment\n'), []);
});

test('what cannot be parsed is reported and the rest linted', () => {
  assert.deepEqual(found('FROM a\nRUNN x\nRUN cd y\n'), ['1 DL3006', '2 DL1000', '3 DL3003']);
});

test('configuration decides', () => {
  const text = 'FROM a\nRUN cd x\n';
  assert.deepEqual(found(text, { ignored: new Set(['DL3006']) }), ['2 DL3003']);
  const { findings } = lintDockerfile(text, {
    severities: new Map([
      ['DL3006', 'error'],
      ['DL3057', 'style'],
    ]),
  });
  assert.deepEqual(
    findings.map(({ code, severity }) => `${code} ${severity}`),
    ['DL3006 error', 'DL3057 style', 'DL3003 warning'],
  );
});

const lines = [
  'FROM debian AS a',
  'FROM a',
  'FROM alpine:3',
  'FROM scratch',
  'USER root',
  'USER x',
  'WORKDIR b',
  'RUN apt-get update && apt-get install curl',
  'RUN apt install x',
  'RUN apk add x \\\n  # note\n y',
  'RUN yum install x',
  'RUN pip install x',
  'RUN wget x | tar x',
  'RUN useradd -u 1234567 x',
  'RUN yarn install',
  'RUN dnf install x; y',
  'RUN <<EOF\napt-get install x\ncd /y\nEOF',
  'RUN ["apt-get", "install", "x"]',
  'ADD a b',
  'COPY a b c',
  'COPY a b',
  'CMD a b',
  'CMD ["x"]',
  'ENTRYPOINT a',
  'MAINTAINER me "x"',
  'MAINTAINER me',
  'ENV a=1 b=$a',
  'ARG TOKEN=1',
  'LABEL A=1',
  'EXPOSE 99999',
  'HEALTHCHECK CMD x',
  'ONBUILD RUN apt-get install x',
  'SHELL ["/bin/bash", "-c"]',
  'RUNN',
  '# hadolint ignore=DL3008',
  'FROM --platform=$TARGETPLATFORM debian:12',
  'RUN apt-get update \\\r',
  ' && apt-get install x\r',
  '',
  '\u001b[31m',
  'RUN sudo $(x',
];

test('any file is linted without an error, and fixing it twice is fixing it once', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 400; round++) {
    let text = `${random.list(14, () => random.pick(lines)).join('\n')}\n`;
    for (let again = 0; again < 10; again++) {
      const { findings, dockerfile } = lintDockerfile(text);
      for (const { range, line, column } of findings) {
        assert.ok(line >= 1 && column >= 1 && range.start.offset <= range.end.offset);
        assert.ok(range.end.offset <= text.length);
      }
      const fixed = applyFixes(text, findings);
      if (fixed.applied.length === 0) break;
      const after = lintDockerfile(fixed.text).dockerfile.errors.length;
      assert.ok(after <= dockerfile.errors.length, `fix broke ${JSON.stringify(text)}`);
      assert.ok(again < 9, `never done with ${JSON.stringify(text)}`);
      text = fixed.text;
    }
  }
});

test('large files cost in proportion', () => {
  const many = 5_000;
  const numbered = (line: (index: number) => string) =>
    Array.from({ length: many }, (_, index) => line(index)).join('\n');
  const texts = [
    `FROM alpine\n${numbered(() => 'RUN apt-get update && apt-get install -y x')}`,
    `FROM a\nRUN ${numbered(() => 'yum install x && \\')}\n true`,
    `FROM a AS s0\n${numbered((n) => `FROM s${n} AS s${n + 1}\nENV a${n}=1\nRUN echo $x | y`)}`,
    `FROM a\nENV ${numbered((n) => `k${n}=$k${many - n} \\`)}\n z=1`,
    numbered((n) => `FROM a\nCOPY --from=${n} / /`),
    numbered(() => '# hadolint stage ignore=DL3007\nFROM a'),
    `FROM a\nENV X=${'://a:'.repeat(many * 10)}`,
    `FROM a\nCMD ${' '.repeat(many * 50)}x${' '.repeat(many * 50)}'`,
  ];
  for (const text of texts) assert.ok(lintDockerfile(text).findings.length > 0);
});

test('titles and documentation are distinct', () => {
  assert.equal(new Set(allRules.map(({ documentation }) => documentation)).size, allRules.length);
});
