import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { writeTar } from '../../image/index.ts';
import { parseOutput } from './output-target.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-output-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'file');
writeFileSync(file, 'x');

for (const [text, kind, isStored] of [
  ['out', 'local', true],
  ['-', 'tar', true],
  ['type=tar', 'tar', true],
  ['type=oci,dest=-', 'oci', true],
  ['type=docker', 'image', false],
  [`type=docker,dest=${folder}/x.tar`, 'docker', true],
  ['type=cacheonly', 'none', false],
] as const) {
  test(`output ${text.replace(folder, '')}`, () => {
    const { output, store } = parseOutput(text);
    assert.deepEqual([output.kind, store !== undefined], [kind, isStored]);
  });
}

for (const [text, message] of [
  ['/', /^parse --output: refusing to write files over the root folder$/],
  [file, /^parse --output: \S+file is no folder$/],
  ['type=local', /^parse --output: type=local needs dest=FOLDER$/],
  [`type=tar,dest=${folder}/none/x.tar`, /x\.tar: there is no folder \S+none$/],
  [`type=docker,dest=${folder}`, /^parse --output: \S+ is a folder$/],
  ['type=rar', /^parse --output: unknown type "rar"/],
] as const) {
  test(`refused before anything is built: ${text.replace(folder, '')}`, () => {
    assert.throws(() => parseOutput(text), { kind: 'invalid', message });
  });
}

test('what cannot be written says where, and is read no further', async () => {
  const archive = Readable.from([Buffer.alloc(8)]);
  const { store } = parseOutput('/proc/no/such');
  await assert.rejects(store!(archive), {
    message: 'write output /proc/no/such: mkdir /proc/no: no such file or directory',
  });
  assert.ok(archive.destroyed);
});

test('a file comes whole or not at all, a folder is filled', async () => {
  const dest = join(folder, 'out.tar');
  const cut = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('cut');
    })(),
  );
  await assert.rejects(parseOutput(`type=tar,dest=${dest}`).store!(cut), /write output \S+: cut/);
  assert.ok(!existsSync(dest));
  const members = [
    { entry: { path: 'a', type: 'file', sizeBytes: 1 }, content: [Buffer.from('1')] },
  ];
  await parseOutput(join(folder, 'tree')).store!(Readable.from(writeTar(members as never)));
  assert.equal(readFileSync(join(folder, 'tree/a'), 'utf8'), '1');
});
