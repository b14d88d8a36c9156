import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMountTable } from './mount-table.ts';

const cases = [
  {
    name: 'a private bind of a subfolder',
    line: '36 35 98:0 /mnt1 /mnt2 rw,noatime - ext3 /dev/root rw,errors=continue',
    want: {
      id: 36,
      parentId: 35,
      device: '98:0',
      root: '/mnt1',
      path: '/mnt2',
      options: ['rw', 'noatime'],
      propagation: [],
      type: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    },
  },
  {
    name: 'two propagation tags, and a space and a backslash in the path',
    line: '40 36 0:50 / /a\\040b\\134c ro shared:7 master:1 - overlay overlay ro,lowerdir=/x',
    want: {
      id: 40,
      parentId: 36,
      device: '0:50',
      root: '/',
      path: '/a b\\c',
      options: ['ro'],
      propagation: ['shared:7', 'master:1'],
      type: 'overlay',
      source: 'overlay',
      superOptions: ['ro', 'lowerdir=/x'],
    },
  },
];

for (const { name, line, want } of cases) {
  test(`mount table: ${name}`, () => {
    assert.deepEqual(parseMountTable(`${line}\n`), [want]);
  });
}

test('mount table: lines that are none are passed over', () => {
  assert.deepEqual(parseMountTable('\nnonsense\n1 2 3:4 / / rw\n'), []);
});
