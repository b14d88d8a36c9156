import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLicenseExpression } from './license-expression.ts';

const cases: [text: string, isOne: boolean][] = [
  ['MIT', true],
  ['GPL-2.0+', true],
  ['LicenseRef-own', true],
  ['MIT OR Apache-2.0', true],
  ['(MIT OR Apache-2.0) AND BSD-3-Clause', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', true],
  ['(GPL-2.0-only WITH Classpath-exception-2.0) OR MIT', true],
  ['', false],
  ['GPLv3+', false],
  ['MIT Apache-2.0', false],
  ['MIT or Apache-2.0', false],
  ['MIT OR', false],
  ['OR MIT', false],
  ['(MIT', false],
  ['MIT)', false],
  ['()', false],
  ['MIT WITH', false],
  ['MIT WITH (x)', false],
  ['(MIT) WITH x', false],
  ['BSD, see file', false],
];
for (const [text, isOne] of cases) {
  test(`${JSON.stringify(text)} is ${isOne ? 'an' : 'no'} expression`, () =>
    assert.equal(isLicenseExpression(text), isOne));
}
