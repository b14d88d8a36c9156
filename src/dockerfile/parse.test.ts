import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDockerfile, parseTrigger, type Word } from './index.ts';

const one = <Value>(values: readonly Value[]): Value => {
  assert.equal(values.length, 1);
  return values[0]!;
};

describe('parseDockerfile', () => {
  test('takes bytes, with a byte-order mark, as it takes text', () => {
    const text = '\ufeffFROM a\r\nRUN é\r\n';
    const fromBytes = parseDockerfile(new TextEncoder().encode(text));
    assert.deepEqual(
      fromBytes.instructions.map(({ code }) => code),
      parseDockerfile(text).instructions.map(({ code }) => code),
    );
    assert.equal(fromBytes.instructions[0]?.range.start.offset, 0);
  });

  test('bytes that are no UTF-8 are no crash', () => {
    const bytes = Uint8Array.from([0xff, 0xfe, 0x00, 0x0a, 0x46, 0x52, 0x4f, 0x4d, 0x20, 0x61]);
    assert.throws(() => parseDockerfile(bytes), /unknown instruction/);
  });

  test('collects all errors with recover, and keeps what is well formed', () => {
    const text =
      '# escape=x\nRUN early\nFROM a\nRNU x\nCOPY a\nRUN ok\nENV A\nRUN <<E\nnever ends\n';
    const { errors, instructions, stages, orphans } = parseDockerfile(text, { recover: true });
    assert.deepEqual(
      errors.map(({ message }) => message.replace('dockerfile parse error on line ', '')),
      [
        "1: invalid escape token 'x' does not match ` or \\",
        '4: unknown instruction: RNU (did you mean RUN?)',
        '5: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
        '7: ENV must have two arguments',
        '8: unterminated heredoc',
        '2: no build stage in current context',
      ],
    );
    assert.deepEqual(
      instructions.map(({ code }) => code),
      ['RUN early', 'FROM a', 'RUN ok'],
    );
    assert.equal(one(stages).instructions.length, 1);
    assert.equal(one(orphans).code, 'RUN early');
  });

  test('a snippet may lack FROM, even everything', () => {
    assert.equal(one(parseDockerfile('RUN x', { snippet: true }).orphans).kind, 'run');
    assert.deepEqual(parseDockerfile('', { snippet: true }).instructions, []);
  });

  test('names such as __proto__ and constructor are names like others', () => {
    const text = 'FROM a AS constructor\nARG __proto__=1 constructor\nENV __proto__=x toString=y\n';
    const { instructions } = parseDockerfile(text);
    assert.equal(instructions.length, 3);
    assert.throws(
      () => parseDockerfile('FROM a\ncONSTRUCTOR x'),
      /unknown instruction: cONSTRUCTOR/,
    );
    assert.throws(
      () => parseDockerfile('FROM a\nCOPY --toString=x a b'),
      /unknown flag: --toString/,
    );
    assert.throws(
      () => parseDockerfile('FROM a\nRUN --mount=constructor=x a'),
      /unexpected key 'constructor'/,
    );
  });

  test('places lead back to the text', () => {
    const text =
      'ARG A=1\nFROM --platform=$P img:$A AS b\n  ENV K="v w" \\\n # c\n   L=2\nCOPY --chown=1 a \\\n b /c\nRUN <<E\nx\nE\n';
    const { instructions, source } = parseDockerfile(text);
    for (const { range, source: written, keyword } of instructions) {
      assert.equal(source.text.slice(range.start.offset, range.end.offset), written);
      assert.ok(written.startsWith(keyword.text));
    }
    const words: Word[] = [];
    const gather = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('text' in value && 'range' in value) words.push(value as Word);
      else for (const part of Object.values(value)) gather(part);
    };
    gather(instructions);
    for (const { text: wordText, range } of words) {
      if (range.start.line !== range.end.line) continue;
      assert.equal(source.text.slice(range.start.offset, range.end.offset), wordText);
      assert.equal(source.line(range.start.line)[range.start.column - 1], wordText[0]);
    }
    assert.ok(words.length > 15);
  });

  test('refuses a line longer than BuildKit reads, and takes the longest one', () => {
    const longest = `RUN ${'x'.repeat(65_531)}`;
    assert.equal(parseDockerfile(`FROM a\n${longest}\n`).instructions.length, 2);
    assert.throws(
      () => parseDockerfile(`FROM a\n${longest}x\n`),
      /on line 2: dockerfile line greater than max allowed size of 65535/,
    );
    // Bytes count, not characters.
    assert.throws(() => parseDockerfile(`FROM a\nRUN ${'é'.repeat(32_766)}\n`), /max allowed size/);
  });
});

describe('large files', () => {
  const lines = 100_000;
  const cases: [name: string, text: string, instructions: number][] = [
    ['short instructions', `FROM a\n${'RUN x\n'.repeat(lines)}`, lines + 1],
    ['one instruction of as many lines', `FROM a\nRUN x \\\n${' y \\\n'.repeat(lines)} z\n`, 2],
    ['one ENV of as many pairs', `FROM a\nENV ${'a=b \\\n'.repeat(lines)}c=d\n`, 2],
    ['comments', `FROM a\n${'# x\n'.repeat(lines)}`, 1],
    ['here-documents', `FROM a\n${'RUN <<E\nx\nE\n'.repeat(lines / 4)}`, lines / 4 + 1],
    ['stages', 'FROM a\n'.repeat(lines), lines],
    ['blanks behind <<', `FROM a\nRUN <<${' '.repeat(65_000)}< x\n`, 2],
    ['blanks in a directive', `# syntax=a${' '.repeat(65_000)}b\nFROM a\n`, 1],
    [
      'names of here-documents',
      `FROM a\nCOPY ${'<<E \\\n'.repeat(lines / 4)} /\n${'E\n'.repeat(lines / 4)}`,
      2,
    ],
    [
      'comments above as many ARGs',
      `FROM a\n${'# a b\n'.repeat(lines / 4)}ARG ${'x \\\n'.repeat(lines / 4)}y\n`,
      2,
    ],
    ['one here-document of as many lines', `FROM a\nRUN <<E\n${'x\n'.repeat(lines)}E\n`, 2],
  ];
  for (const [name, text, instructions] of cases) {
    test(name, () => assert.equal(parseDockerfile(text).instructions.length, instructions));
  }

  test('as many errors', () => {
    const { errors } = parseDockerfile(`FROM a\n${'RNU x\n'.repeat(lines)}`, { recover: true });
    assert.equal(errors.length, lines);
  });
});

describe('parseTrigger', () => {
  const dockerfile = parseDockerfile('ARG A\nFROM base\nRUN x\n', { fileName: 'Dockerfile' });
  const from = one(dockerfile.stages).from;

  test('gives every place as that of the FROM', () => {
    const trigger = parseTrigger('COPY <<E /x\nhi\nE', { dockerfile, from });
    assert.equal(trigger.kind, 'copy');
    assert.equal(trigger.range.start.line, 2);
    assert.equal(trigger.source, 'COPY <<E /x\nhi\nE');
    assert.equal(one(trigger.heredocs).content, 'hi\n');
  });

  const refused: [expression: string, message: RegExp][] = [
    ['RUN x\nRUN y', /should be a single expression/],
    ['', /should be a single expression/],
    ['FROM x', /FROM isn't allowed as an ONBUILD trigger/],
    ['ONBUILD RUN x', /ONBUILD isn't allowed as an ONBUILD trigger/],
    ['MAINTAINER x', /MAINTAINER isn't allowed as an ONBUILD trigger/],
    ['RNU x', /unknown instruction: RNU/],
    ['RUN <<E\nx', /unterminated heredoc/],
  ];
  for (const [expression, message] of refused) {
    test(`refuses ${JSON.stringify(expression)}`, () => {
      assert.throws(
        () => parseTrigger(expression, { dockerfile, from }),
        (error: Error & { details?: { line: number; lineText: string } }) => {
          assert.match(error.message, message);
          assert.equal(error.details?.lineText, 'FROM base');
          return true;
        },
      );
    });
  }
});
