import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCiRules } from './ci-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-ci-'));
after(() => rmSync(folder, { recursive: true }));

async function rulesOf(text: string, flags: Parameters<typeof readCiRules>[1] = {}) {
  const path = join(folder, '.dive-ci');
  writeFileSync(path, text);
  return (await readCiRules(path, flags)).settings;
}

test('the file counts before the defaults, a flag before the file', async () => {
  const text = 'rules:\n  lowestEfficiency: 0.95\n  HIGHESTWASTEDBYTES: 20MB # of waste\n';
  assert.deepEqual(await rulesOf(text, { lowestEfficiency: '0.5' }), {
    lowestEfficiency: '0.5',
    highestWastedBytes: '20MB',
    highestUserWastedPercent: '0.1',
  });
});

test('a file that is not there leaves the defaults', async () => {
  const { settings, found } = await readCiRules(join(folder, 'none'), {});
  assert.equal(found, false);
  assert.equal(settings.lowestEfficiency, '0.9');
});

for (const text of ['rules: [', 'rules:\n  lowestEfficiency: {a: 1}\n']) {
  test(`refused: ${JSON.stringify(text)}`, () =>
    assert.rejects(rulesOf(text), { kind: 'invalid' }));
}

for (const text of ['', 'rules:', '[]', 'other: 1', '7']) {
  test(`nothing is said by ${JSON.stringify(text)}`, async () =>
    assert.equal((await rulesOf(text)).highestWastedBytes, 'disabled'));
}
