import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { varint } from '../../core/index.ts';
import { decodePacket, encodeData, encodeStat, type Stat } from './packet.ts';

const field = (number: number, bytes: Uint8Array) =>
  Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const stat: Stat = {
  ...{ path: 'dir/ü', mode: 0o100644, uid: 1, gid: 70_000, sizeBytes: 2 ** 40, mtimeNs: -5n },
  ...{ linkTarget: '', deviceMajor: 0, deviceMinor: 3, xattrs: {} },
};

describe('packets', () => {
  test('of a stat come out as they went in', () => {
    const xattrs = {
      'user.a': Buffer.from('1'),
      'user.b': Buffer.alloc(0),
      __proto__x: Buffer.of(7),
    };
    const { stat: decoded } = decodePacket(encodeStat({ ...stat, xattrs }));
    assert.deepEqual({ ...decoded, xattrs: { ...decoded?.xattrs } }, { ...stat, xattrs });
  });

  test('of two stats have attributes of their own', () => {
    const one = decodePacket(encodeStat({ ...stat, xattrs: { a: Buffer.of(1) } }));
    const other = decodePacket(encodeStat(stat));
    assert.deepEqual(Object.keys(one.stat!.xattrs), ['a']);
    assert.deepEqual(Object.keys(other.stat!.xattrs), []);
  });

  test('with very many attributes are refused, in no time', () => {
    const entry = field(10, field(1, Buffer.from('a')));
    const packet = field(2, Buffer.concat(Array(1_000_000).fill(entry)));
    assert.throws(() => decodePacket(packet), { kind: 'invalid', message: /over 32768 attr/ });
    const many = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, index) => [`a${index}`, Buffer.of(1)]),
    );
    const { stat: decoded } = decodePacket(encodeStat({ ...stat, xattrs: many }));
    assert.equal(Object.keys(decoded!.xattrs).length, 30_000);
  });

  test('with an attribute that has no name, or is no message, are refused', () => {
    for (const inner of [
      field(2, Buffer.from('x')),
      field(1, Buffer.from('a\0b')),
      Buffer.of(255),
    ]) {
      assert.throws(() => decodePacket(field(2, field(10, inner))), { kind: 'invalid' });
    }
  });

  test('of data are views', () => {
    const bytes = encodeData(7, Buffer.from('content'));
    const { id, data } = decodePacket(bytes);
    assert.deepEqual([id, String(data)], [7, 'content']);
    assert.equal(data.buffer, bytes.buffer);
  });
});
