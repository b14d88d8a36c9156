import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReport } from './check-report.ts';

test('what --check prints', () => {
  const place = {
    fileName: 'Dockerfile',
    line: 2,
    endLine: 2,
    excerpt: { firstLine: 1, lines: ['FROM x', 'ENV a b'] },
  };
  const warning = { kind: 'warning', code: 'C', message: 'no = in it', line: 2, place } as const;
  assert.equal(checkReport([]), 'Check complete, no warnings found.\n');
  assert.equal(
    checkReport([{ ...warning, detail: 'about it' }]),
    `Check complete, 1 warning has been found!

WARNING: C - about it
Dockerfile:2: no = in it
  1 | FROM x
> 2 | ENV a b
`,
  );
  assert.match(checkReport([warning, warning]), /^Check complete, 2 warnings have been found!\n/);
});
