import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeEntry, encodeLines, formatTime } from './json-line.ts';

const mark = { stream: 'stdout', time: 'T', attributes: '' } as const;
const entry = (log: string) => `{"log":"${log}","stream":"stdout","time":"T"}\n`;

describe('json-file entries', () => {
  for (const [what, input, log] of [
    ['plain text', 'hello\n', 'hello\\n'],
    ['no newline', 'hello', 'hello'],
    ['quotes and backslashes', 'a"b\\c\n', 'a\\"b\\\\c\\n'],
    ['what HTML would read', '<a&b>\n', '\\u003ca\\u0026b\\u003e\\n'],
    ['control characters', '\t\r\x00\x1b[0m\x7f\n', '\\u0009\\r\\u0000\\u001b[0m\x7f\\n'],
    ['line separators', '\u2028\u2029\n', '\\u2028\\u2029\\n'],
    ['other scripts', 'grüße 世界 😀\n', 'grüße 世界 😀\\n'],
  ] as const) {
    it(`escapes ${what} as Go does`, () => {
      assert.equal(encodeEntry(Buffer.from(input), mark), entry(log));
      if (input.endsWith('\n')) assert.equal(encodeLines(Buffer.from(input), mark), entry(log));
    });
  }

  for (const [hex, text] of [
    ['61ff62', 'a\ufffdb'],
    ['e28261', '\ufffd\ufffda'], // a cut sequence: one replacement a byte
    ['c080', '\ufffd\ufffd'],
    ['f09f98', '\ufffd\ufffd\ufffd'],
    ['eda080', '\ufffd\ufffd\ufffd'], // half of a surrogate pair
    ['e4b896ff', '世\ufffd'],
  ] as const) {
    it(`replaces bytes that are no UTF-8: ${hex}`, () => {
      assert.equal(encodeEntry(Buffer.from(hex, 'hex'), mark), entry(text));
    });
  }

  it('encodes many lines at once as it does one by one', () => {
    const lines = ['one', '', 'two "2"', 'drei', ''];
    assert.equal(
      encodeLines(Buffer.from(lines.map((line) => `${line}\n`).join('')), mark),
      lines.map((line) => encodeEntry(Buffer.from(`${line}\n`), mark)).join(''),
    );
    assert.equal(encodeLines(Buffer.from('a\nb\n'), mark), entry('a\\n') + entry('b\\n'));
  });

  it('puts attributes before the time', () => {
    assert.equal(
      encodeEntry(Buffer.from('x'), { ...mark, stream: 'stderr', attributes: '{"tag":"a"}' }),
      '{"log":"x","stream":"stderr","attrs":{"tag":"a"},"time":"T"}\n',
    );
  });
});

describe('formatTime', () => {
  for (const [atNs, text] of [
    [0n, '1970-01-01T00:00:00Z'],
    [1_714_557_600_123_456_789n, '2024-05-01T10:00:00.123456789Z'],
    [1_714_557_600_120_000_000n, '2024-05-01T10:00:00.12Z'],
    [1_714_557_600_000_000_001n, '2024-05-01T10:00:00.000000001Z'],
  ] as const) {
    it(`writes ${text}`, () => assert.equal(formatTime(atNs), text));
  }
});
