import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineSplitter, longestEntryBytes, type Piece } from './line-splitter.ts';

const full = longestEntryBytes;
const brief = (pieces: readonly Piece[]) =>
  pieces.map((piece) => {
    const first = piece.kind === 'part' && piece.isFirst ? '!' : '';
    const text = Buffer.from(piece.bytes).toString();
    return `${piece.kind}${first} ${text.length > 20 ? text.length : JSON.stringify(text)}`;
  });

function split(...chunks: string[]): string[] {
  const splitter = new LineSplitter();
  return brief([
    ...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))),
    ...splitter.end(),
  ]);
}

describe('LineSplitter', () => {
  for (const [what, chunks, pieces] of [
    ['whole lines together', ['a\nb\n'], ['lines "a\\nb\\n"']],
    ['a line in pieces', ['a', 'b', 'c\nd'], ['lines "abc\\n"', 'part! "d"']],
    ['nothing', [''], []],
    ['a last line without its newline', ['a\nb'], ['lines "a\\n"', 'part! "b"']],
    ['a line just short enough', [`${'x'.repeat(full - 1)}\n`], [`lines ${full}`]],
    [
      'a line of exactly a full entry',
      [`${'x'.repeat(full)}\n`],
      [`part! ${full}`, 'last-part "\\n"'],
    ],
    [
      'a long line between short ones',
      [`a\n${'x'.repeat(full * 2 + 5)}\nb\n`],
      ['lines "a\\n"', `part! ${full}`, `part ${full}`, 'last-part "xxxxx\\n"', 'lines "b\\n"'],
    ],
    [
      'a long line in small chunks',
      [...Array.from({ length: 32 }, () => 'x'.repeat(full / 16)), 'y\n'],
      [`part! ${full}`, `part ${full}`, 'last-part "y\\n"'],
    ],
    ['a long line that never ends', ['x'.repeat(full + 3)], [`part! ${full}`, 'part "xxx"']],
  ] as [string, string[], string[]][]) {
    it(`cuts ${what}`, () => assert.deepEqual(split(...chunks), pieces));
  }

  it('gives every byte once, in order, however it arrives', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    const line = () => 'z'.repeat(random(4) === 0 ? random(60_000) : random(50));
    const text = Array.from({ length: 200 }, line).join('\n');
    const splitter = new LineSplitter();
    const out: Uint8Array[] = [];
    for (let at = 0; at < text.length; ) {
      const size = 1 + random(70_000);
      const pieces = splitter.push(Buffer.from(text.slice(at, at + size)));
      out.push(...pieces.map(({ bytes }) => bytes));
      at += size;
      const done = out.reduce((sum, bytes) => sum + bytes.length, 0);
      assert.equal(done + splitter.waitingBytes, Math.min(at, text.length));
      assert.ok(splitter.waitingBytes < longestEntryBytes);
    }
    out.push(...splitter.end().map(({ bytes }) => bytes));
    assert.equal(Buffer.concat(out).toString(), text);
  });
});
