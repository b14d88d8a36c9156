import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { resultFiles } from './result-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-results-'));
after(() => rmSync(folder, { recursive: true }));
const [iidfile, metadataFile] = [join(folder, 'iid'), join(folder, 'metadata.json')];

test('what an earlier build left goes at once, and the new comes at the end', async () => {
  for (const path of [iidfile, metadataFile]) writeFileSync(path, 'stale');
  const write = resultFiles({ iidfile, metadataFile }, ['app', 'host:5000/app:2']);
  assert.deepEqual([existsSync(iidfile), existsSync(metadataFile)], [false, false]);
  await write({ imageId: 'sha256:aa', manifestDigest: 'sha256:bb' });
  assert.equal(readFileSync(iidfile, 'utf8'), 'sha256:aa');
  assert.deepEqual(JSON.parse(readFileSync(metadataFile, 'utf8')), {
    'containerimage.config.digest': 'sha256:aa',
    'containerimage.digest': 'sha256:bb',
    'image.name': 'docker.io/library/app:latest,host:5000/app:2',
  });
});

test('where no file can be is said before anything is built', () => {
  for (const [path, why] of [
    [join(folder, 'none/iid'), /^write --iidfile \S+: there is no folder \S+none$/],
    [folder, /^write --iidfile \S+: is a directory$/],
  ] as const) {
    assert.throws(() => resultFiles({ iidfile: path }, []), { kind: 'invalid', message: why });
  }
});

test('what is no file is written to and never removed', async () => {
  const write = resultFiles({ iidfile: '/dev/null' }, []);
  await write({ imageId: 'sha256:aa' });
  assert.ok(existsSync('/dev/null'));
});

test('nothing is asked for, nothing is written', async () => {
  await resultFiles({}, [])({ imageId: 'sha256:aa' });
});
