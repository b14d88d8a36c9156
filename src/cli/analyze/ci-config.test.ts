import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCiRules } from './ci-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-ci-'));
after(() => rmSync(folder, { recursive: true }));

async function rulesOf(text: string, options: Parameters<typeof readCiRules>[1] = {}) {
  const path = join(folder, '.dive-ci');
  writeFileSync(path, text);
  return (await readCiRules(path, options)).settings;
}

const spellings: [name: string, text: string][] = [
  ['of .dive-ci', 'rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB # of waste\n'],
  ['in any case', 'Rules:\n  LOWESTEFFICIENCY: 0.95\n  highestwastedbytes: 20MB\n'],
  ['of .dive.yaml', 'rules:\n  lowest-efficiency: "0.95"\n  highest-wasted-bytes: 20MB\n'],
  ['older', 'rules:\n  lowest-efficiency-threshold: 0.95\n  highest_wasted_bytes: 20MB\n'],
  ['without a section', 'lowestEfficiency: 0.95\nhighest-wasted-bytes: 20MB\n'],
];
for (const [name, text] of spellings) {
  test(`rules in the spelling ${name}`, async () =>
    assert.deepEqual(await rulesOf(text), {
      lowestEfficiency: '0.95',
      highestWastedBytes: '20MB',
      highestUserWastedPercent: '0.1',
    }));
}

test("a flag counts before .dive-ci, that before dive's configuration, that before the defaults", async () => {
  const settings = await rulesOf('rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n', {
    flags: { lowestEfficiency: '0.5', highestWastedBytes: undefined },
    config: { rules: { 'lowest-efficiency': 0.1, 'highest-user-wasted-percent': '0.3' } },
  });
  assert.deepEqual(settings, {
    lowestEfficiency: '0.5',
    highestWastedBytes: '20MB',
    highestUserWastedPercent: '0.3',
  });
});

test('a file that is not there leaves the defaults', async () => {
  const { settings, found } = await readCiRules(join(folder, 'none'));
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
