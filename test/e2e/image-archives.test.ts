import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { formatReference, parseReference } from '../../src/core/index.ts';
import {
  copyImage,
  directoryFiles,
  type Image,
  imageSource,
  layoutSink,
  type MemberFiles,
  openImage,
  openTarFiles,
  readImages,
  validateImage,
  writeArchive,
} from '../../src/image/index.ts';
import { sampleImage } from '../contract/sample-image.ts';

/* Archives and layouts, between Berth and skopeo, whose readers podman shares. */

const run = promisify(execFile);
const platform = { os: 'linux', architecture: 'amd64' };
let folder: string;
let image: Image;
const at = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-archives-'));
  image = await sampleImage({ compressions: ['none', 'gzip', 'gzip'] });
  const references = [parseReference('sample:one'), parseReference('host:5000/a/b:two')];
  await writeFile(
    at('ours.tar'),
    writeArchive([{ source: imageSource(image), references }], { platform }),
  );
  const sink = layoutSink(at('ours'));
  await copyImage({ source: imageSource(image), sink, platform, tags: ['one'] });
});
after(() => rm(folder, { recursive: true, force: true }));

async function expectSameImage(files: MemberFiles): Promise<string[]> {
  await using open = files;
  const [found, ...others] = await readImages(open);
  assert.equal(others.length, 0);
  const { config, layers } = await openImage(found!.source, { platform });
  assert.deepEqual(config.rootfs, image.config.rootfs);
  assert.equal(layers.length, image.layers.length);
  assert.deepEqual(await validateImage(found!.source), []);
  return [...found!.references.map(formatReference), ...found!.refNames];
}

for (const source of [
  'docker-archive:ours.tar:sample:one',
  'docker-archive:ours.tar:host:5000/a/b:two',
  'oci-archive:ours.tar:one',
  'oci:ours:one',
]) {
  test(`skopeo reads ${source}, Berth what skopeo makes of it`, async () => {
    const copy = (target: string) =>
      run('skopeo', ['--insecure-policy', 'copy', '-q', source, target], { cwd: folder });
    await copy('docker-archive:theirs.tar:x/y:3');
    const spool = { spoolDirectory: folder };
    assert.deepEqual(await expectSameImage(await openTarFiles(at('theirs.tar'), spool)), [
      'docker.io/x/y:3',
    ]);
    await copy('oci:theirs:tagged');
    assert.deepEqual(await expectSameImage(directoryFiles(at('theirs'))), ['tagged']);
    await copy('oci-archive:theirs-oci.tar:tagged');
    assert.deepEqual(await expectSameImage(await openTarFiles(at('theirs-oci.tar'), spool)), [
      'tagged',
    ]);
    for (const name of ['theirs.tar', 'theirs', 'theirs-oci.tar']) {
      await rm(at(name), { recursive: true });
    }
  });
}
