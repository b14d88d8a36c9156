import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { message } from './protobuf.ts';

const sample = message<{
  text: string;
  flag: boolean;
  small: number;
  signed: number;
  big: string | bigint;
  long: string | bigint;
  raw: Uint8Array;
  inner: { a: string } | null;
  list: number[];
  inners: { a: string }[];
  map: ReadonlyMap<string, string>;
  inMap: ReadonlyMap<string, { a: string }>;
}>({
  text: [1, 'string'],
  flag: [2, 'bool'],
  small: [3, 'uint32'],
  signed: [4, 'int32'],
  big: [5, 'uint64'],
  long: [6, 'int64'],
  raw: [7, 'bytes'],
  inner: [8, { a: [1, 'string'] }],
  list: [9, 'uint32', 'repeated'],
  inners: [10, { a: [1, 'string'] }, 'repeated'],
  map: [11, 'string', 'map'],
  inMap: [200, { a: [1, 'string'] }, 'map'],
});

const zero = {
  text: '',
  flag: false,
  small: 0,
  signed: 0,
  big: '0',
  long: '0',
  raw: Buffer.alloc(0),
  inner: null,
  list: [],
  inners: [],
  map: new Map(),
  inMap: new Map(),
};

describe('messages come back as they went', () => {
  const cases: Record<string, Partial<typeof zero>> = {
    'nothing at all': {},
    'texts and bytes': { text: 'grün', raw: Buffer.from([0, 255]) },
    'the ends of 32 bits': { small: 4294967295, signed: -2147483648 },
    'the ends of 64 bits': { big: '18446744073709551615', long: '-9223372036854775808' },
    'numbers a double cannot hold': { long: '1763652645123456789', big: '9007199254740993' },
    'nested and repeated ones': {
      inner: { a: 'x' } as never,
      inners: [{ a: '' }, { a: 'y' }] as never,
      list: [0, 1, 300] as never,
    },
    'maps, whatever their keys': {
      map: new Map([
        ['__proto__', 'p'],
        ['', ''],
      ]),
      inMap: new Map([['k', { a: 'v' }]]),
    },
  };
  for (const [name, value] of Object.entries(cases)) {
    test(name, () => {
      assert.deepEqual(sample.decode(sample.encode(value as never)), { ...zero, ...value });
    });
  }
});

test('the bytes are those of the specification', () => {
  const hex = (value: Parameters<typeof sample.encode>[0]) =>
    Buffer.from(sample.encode(value)).toString('hex');
  assert.equal(hex({ text: 'testing' }), '0a0774657374696e67');
  assert.equal(hex({ small: 150 }), '189601');
  assert.equal(hex({ signed: -2 }), '20feffffffffffffffff01');
  assert.equal(hex({ inner: { a: 'x' } }), '42030a0178');
  assert.equal(hex({ map: new Map([['a', 'b']]) }), '5a060a01611201 62'.replace(' ', ''));
});

test('packed lists, unknown fields and fields of another wire type are read as they must', () => {
  const decode = (hex: string) => sample.decode(Buffer.from(hex, 'hex'));
  assert.deepEqual(decode('4a03019601').list, [1, 150]);
  assert.equal(decode('f20f0178 0a0161'.replace(' ', '')).text, 'a');
  assert.equal(decode('a10f0102030405060708 0a0161'.replace(' ', '')).text, 'a');
  assert.equal(decode('0801 1801'.replace(' ', '')).small, 1);
});

describe('what is no message is refused', () => {
  for (const [name, hex] of [
    ['a length beyond the end', '0aff01'],
    ['a number that does not end', '18ffffffffffffffffffffff'],
    ['a cut number', '1880'],
    ['a cut fixed field', 'a10f0102'],
    ['field number 0', '0001'],
    ['a group', '0b'],
    ['a nested message that is cut', '42030aff78'],
  ] as const) {
    test(name, () => {
      assert.throws(() => sample.decode(Buffer.from(hex, 'hex')), { kind: 'invalid' });
    });
  }
});
