import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderElapsed } from './duration.ts';
import { printable, printableLines, renderTable } from './table.ts';

test('columns are as wide as their widest cell, the last one ragged', () => {
  assert.equal(
    renderTable(
      ['ID', 'NAME'],
      [
        ['1', 'a'],
        ['1000', ''],
      ],
    ),
    'ID     NAME\n1      a\n1000\n',
  );
});

test('characters of two columns count as two', () => {
  const rows = [
    ['日本', 'x'],
    ['abc', 'y'],
  ];
  assert.equal(renderTable(['A', 'B'], rows), 'A      B\n日本   x\nabc    y\n');
});

test('terminal escapes and newlines are shown, not sent', () => {
  assert.equal(renderTable(['A'], [['x\x1b[31m\ny\x9b']]), 'A\nx\\u001b[31m\\ny?\n');
});

test('text of several lines keeps its line ends and tabs', () => {
  assert.equal(printableLines('a\u001b[2J\n\tb\r\n'), 'a\\u001b[2J\n\tb\\r\n');
});

test('characters that turn the writing round are shown too', () => {
  assert.equal(printable('a\u202etxt.exe\u2066'), 'a\\u202etxt.exe\\u2066');
});

for (const [ms, text] of [
  [0, '00:00'],
  [61_000, '01:01'],
  [3_600_000, '01:00:00'],
  [90_061_000, '1-01:01:01'],
] as const) {
  test(`elapsed ${text}`, () => assert.equal(renderElapsed(ms), text));
}
