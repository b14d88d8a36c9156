import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, boolean, integer, map, object, string } from './decode.ts';

const entry = object<{ Name?: string; Count?: number; On?: boolean }>({
  Name: string,
  Count: integer,
  On: boolean,
});

describe('null', () => {
  test('is nothing in a field, and the zero value in a list, as in Go', () => {
    assert.deepEqual(entry({ Name: null, Count: null, On: null }, ''), {});
    assert.deepEqual(array(string)([null, 'a'], ''), ['', 'a']);
    assert.deepEqual(array(integer)([null], ''), [0]);
    assert.deepEqual(array(entry)([null, { name: 'b' }], ''), [{}, { Name: 'b' }]);
    assert.deepEqual(array(array(string))([null], ''), [[]]);
  });

  test('stays nothing in a map: an unset build argument is one', () => {
    assert.deepEqual(map(string)({ a: null, b: 'c' }, ''), { a: undefined, b: 'c' });
  });
});

test('another type is refused in the words of Go’s decoder', () => {
  for (const [decode, value, wanted] of [
    [array(string), [1], 'number into Go struct field Cmd of type string'],
    [array(string), { a: 1 }, 'object into Go struct field Cmd of type []'],
    [entry, [], 'array into Go struct field Cmd of type struct'],
    [integer, 1.5, 'number 1.5 into Go struct field Cmd of type int64'],
  ] as const) {
    assert.throws(() => decode(value, 'Cmd'), {
      kind: 'invalid',
      message: `invalid JSON: json: cannot unmarshal ${wanted}`,
    });
  }
});
