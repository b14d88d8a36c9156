import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit, type Submission } from './admission.ts';

const machine = { cpus: 2, memoryBytes: 2 ** 30 };

test('defaults: one CPU, 512 MB, no time limit', () => {
  assert.deepEqual(admit({ image: 'a' }, machine), { cpus: 1, memoryBytes: 512 * 2 ** 20 });
});

for (const [why, submission, message] of [
  ['NUL in the argument', { argument: 'a\0b' }, /NUL character/],
  [
    'an argument Linux cannot pass',
    { argument: 'é'.repeat(65536) },
    /131072 bytes; Linux passes at most 131071/,
  ],
  ['more CPUs than there are', { cpus: 3 }, /3 CPUs asked, the machine has 2/],
  ['no CPU', { cpus: 0 }, /not a positive number/],
  ['more memory than there is', { memoryBytes: 2 ** 31 }, /the machine gives jobs/],
  ['too little memory', { memoryBytes: 4096 }, /minimum/],
  ['a negative time limit', { timeLimitMs: -1 }, /not a positive duration/],
  ['a bad variable', { env: { 'A=B': 'x' } }, /environment variable/],
  ['a name with a newline', { name: 'a\nb' }, /printable/],
] as [string, Partial<Submission>, RegExp][]) {
  test(`refused: ${why}`, () => {
    assert.throws(() => admit({ image: 'a', ...submission }, machine), message);
  });
}
