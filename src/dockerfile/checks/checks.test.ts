import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  allChecks,
  type CheckInput,
  checkDockerfile,
  createIgnoreMatcher,
  parseCheckOptions,
  parseDockerfile,
  parseIgnoreFile,
  renderCheckWarning,
} from '../index.ts';

/** `UPDATE_GOLDEN=1` writes what the checks say now, to be read before it is committed. */
const update = process.env.UPDATE_GOLDEN === '1';
const root = join(import.meta.dirname, 'testdata');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

function warningsOf(text: string, input: CheckInput = {}): string[] {
  const dockerfile = parseDockerfile(text);
  return checkDockerfile(dockerfile, input).warnings.map(({ check, message, range, focus }) => {
    const { start, end } = focus;
    const lines = `${range.start.line}-${range.end.line}`;
    return `${lines} (${start.line}:${start.column}-${end.line}:${end.column}) ${check}: ${message}`;
  });
}

test('each check has its examples', () => {
  assert.deepEqual(allChecks.map(({ name }) => name).sort(), readdirSync(root).sort());
});

/** Those of the examples that stand on an image for another machine. */
const baseImages: CheckInput['baseImages'] = new Map(
  ['arm64', 'amd64'].map((architecture) => [
    `${architecture}-only:1`,
    { environment: [], hasShell: false, triggers: [], platform: { os: 'linux', architecture } },
  ]),
);

for (const { name } of allChecks) {
  test(name, () => {
    const ignoreFile = join(root, name, '.dockerignore');
    const ignore = existsSync(ignoreFile)
      ? createIgnoreMatcher(parseIgnoreFile(read(name, '.dockerignore')))
      : undefined;
    const input = { ignore, options: 'experimental=all', baseImages };
    const own = (line: string) => line.includes(`) ${name}: `);
    const bad = warningsOf(read(name, 'Dockerfile.bad'), input).filter(own);
    const expected = join(root, name, 'warnings.txt');
    if (update) writeFileSync(expected, `${bad.join('\n')}\n`);
    assert.equal(`${bad.join('\n')}\n`, readFileSync(expected, 'utf8'));
    assert.ok(bad.length > 0);
    assert.deepEqual(warningsOf(read(name, 'Dockerfile.good'), input).filter(own), []);
  });
}

describe('options', () => {
  const text = (directive: string) => `${directive}\nFROM scratch AS Base\nENV a $b\n`;
  const names = (source: string, input?: CheckInput) =>
    warningsOf(source, input).map((line) => /\) (\w+): /.exec(line)?.[1]);
  const all = ['StageNameCasing', 'UndefinedVar', 'LegacyKeyValueFormat'];
  const cases: [directive: string, expected: string[]][] = [
    ['', all],
    ['# check=skip=StageNameCasing', ['UndefinedVar', 'LegacyKeyValueFormat']],
    ['# check=skip=StageNameCasing,UndefinedVar', ['LegacyKeyValueFormat']],
    ['# check=skip=all', []],
    ['# check=skip=all;error=true', []],
    ['# syntax=docker/dockerfile:1\n# check=skip=all', []],
    ['# a comment\n# check=skip=all', ['UndefinedVar', 'LegacyKeyValueFormat']],
  ];
  for (const [directive, expected] of cases) {
    test(directive || 'none', () => assert.deepEqual(names(text(directive)), expected));
  }

  test('a comment above an instruction holds for that instruction', () => {
    const source =
      'FROM scratch\n# check=skip=UndefinedVar\nENV a=$b\nENV a=$b\n# why\n# check=skip=all\nENV a $b\n';
    assert.deepEqual(names(source), ['UndefinedVar']);
  });

  test('given options stand in place of those in the file', () => {
    assert.deepEqual(names(text('# check=skip=all'), { options: 'skip=UndefinedVar' }), [
      'StageNameCasing',
      'LegacyKeyValueFormat',
    ]);
  });

  test('error=true makes warnings an error that names them', () => {
    const { error, warnings } = checkDockerfile(parseDockerfile(text('# check=error=true')));
    assert.equal(warnings.length, 3);
    assert.equal(
      error?.message,
      'lint violation found for rules: StageNameCasing, UndefinedVar, LegacyKeyValueFormat',
    );
    assert.equal(checkDockerfile(parseDockerfile('# check=error=true\nFROM a\n')).error, undefined);
  });

  const wrong: [options: string, message: RegExp][] = [
    ['skip', /^failed to parse check options: invalid check option "skip"$/],
    ['what=1', /^failed to parse check options: invalid check option "what"$/],
    ['error=perhaps', /failed to parse check option "error=perhaps": .*parsing "perhaps"/],
  ];
  for (const [options, message] of wrong) {
    test(`refuses ${options}`, () => {
      const { error } = checkDockerfile(parseDockerfile(text(`# check=${options}`)));
      assert.match(error?.message ?? '', message);
    });
  }

  test('parseCheckOptions reads blanks and all three options', () => {
    assert.deepEqual(parseCheckOptions(' skip = A , B ; experimental=all ; error=1 '), {
      skip: new Set(['A', 'B']),
      experimental: 'all',
      error: true,
    });
  });
});

describe('what is known beyond the file', () => {
  const facts = { environment: [['HOME', '/root']] as const, hasShell: false, triggers: [] };

  test('variables of a base image that is at hand', () => {
    const text = 'ARG V=1\nFROM img:$V\nENV A=$HOME B=$HOMES C=$OTHER\n';
    assert.deepEqual(warningsOf(text, { baseImages: new Map([['img:1', facts]]) }), [
      "3-3 (3:15-3:21) UndefinedVar: Usage of undefined variable '$HOMES' (did you mean $HOME?)",
      "3-3 (3:24-3:30) UndefinedVar: Usage of undefined variable '$OTHER'",
    ]);
    // Of an image nobody looked at, only what looks like a slip of the pen is said.
    assert.deepEqual(warningsOf('FROM img\nENV A=$HOME B=$PATHS\n'), [
      "2-2 (2:15-2:21) UndefinedVar: Usage of undefined variable '$PATHS' (did you mean $PATH?)",
    ]);
  });

  test('the shell and the triggers of a base image, which are reported at its FROM', () => {
    const base = { ...facts, hasShell: true, triggers: ['WORKDIR rel', 'ENV X=$nothing'] };
    assert.deepEqual(warningsOf('FROM img\nCMD a b\n', { baseImages: new Map([['img', base]]) }), [
      '1-1 (1:1-1:9) WorkdirRelativePath: Relative workdir "rel" can have unexpected results if the base image changes',
      "1-1 (1:1-1:9) UndefinedVar: Usage of undefined variable '$nothing'",
    ]);
  });

  test('ONBUILD of a stage runs in the stages built from it', () => {
    const text = 'FROM scratch AS one\nONBUILD ENV A=$nothing\nFROM one\nENV B=$A\n';
    assert.deepEqual(warningsOf(text), [
      "3-3 (3:1-3:9) UndefinedVar: Usage of undefined variable '$nothing'",
    ]);
  });

  test('only the instructions of the stages asked for', () => {
    const text = 'FROM scratch\nENV a b\nFROM scratch\nENV c d\n';
    const lines = warningsOf(text, { stages: new Set([1]) }).map((line) => line.split(' ')[0]);
    assert.deepEqual(lines, ['4-4']);
  });

  test('a fault on the way ends the checks and is given beside the warnings', () => {
    const text = 'FROM scratch AS A\nENV a b\nENV c="x\nENV d e\n';
    const { warnings, error } = checkDockerfile(parseDockerfile(text, { fileName: 'D' }));
    assert.deepEqual(
      warnings.map(({ check }) => check),
      ['StageNameCasing', 'LegacyKeyValueFormat'],
    );
    assert.match(error?.message ?? '', /matching double-quote/);
    const bad = checkDockerfile(parseDockerfile('FROM Upper:\nENV a b\n'));
    assert.match(bad.error?.message ?? '', /^failed to parse stage name "Upper:": /);
  });
});

describe('large files', () => {
  const many = 10_000;
  const numbered = (line: (index: number) => string) =>
    Array.from({ length: many }, (_, index) => line(index)).join('\n');

  test('as many variables, none of them found', () => {
    const text = `FROM scratch\n${numbered((index) => `ENV name${index}=$other${index}`)}\n`;
    assert.equal(warningsOf(text).length, many);
  });

  test('as many stages, each with the variables of the one before', () => {
    const text = `FROM scratch AS s0\n${numbered((n) => `FROM s${n} AS s${n + 1}\nENV a${n}=1`)}\n`;
    const { error } = checkDockerfile(parseDockerfile(text));
    assert.match(error?.message ?? '', /inherit more than 2000000 variables/);
  });
});

test('a warning shows its lines', () => {
  const dockerfile = parseDockerfile('FROM a\nRUN \u001bx\nENV k \\\n  v w\nRUN y\n');
  const [warning] = checkDockerfile(dockerfile).warnings;
  assert.equal(
    renderCheckWarning(dockerfile, warning!),
    [
      'WARNING: LegacyKeyValueFormat',
      '"ENV key=value" should be used instead of legacy "ENV key value" format',
      'Dockerfile:3',
      '   1 |     FROM a',
      '   2 |     RUN  x',
      '   3 | >>> ENV k \\',
      '   4 | >>>   v w',
      '   5 |     RUN y',
    ].join('\n'),
  );
});
