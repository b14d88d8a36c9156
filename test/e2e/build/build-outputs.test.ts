import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

let daemon: TestDaemon;
let folder: string;
let out: string;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  folder = join(daemon.folder, 'context');
  out = join(daemon.folder, 'out');
  mkdirSync(folder);
  mkdirSync(out);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY --chmod=640 f /d/f\n');
  writeFileSync(join(folder, 'f'), 'content');
});
after(() => daemon[Symbol.asyncDispose]());

async function build(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth('build', '-q', ...args, folder);
  assert.equal(code, 0, stderr);
  return stdout;
}

const members = (path: string) =>
  execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n').sort();

test('files: into a folder, into a tar, to standard output', async () => {
  for (const args of [
    ['-o', join(out, 'a')],
    ['-o', `type=local,dest=${join(out, 'b')}`],
  ]) {
    await build(...args);
    const file = join(args[1]!.replace(/.*=/, ''), 'd/f');
    assert.equal(readFileSync(file, 'utf8'), 'content');
    assert.equal(statSync(file).mode & 0o7777, 0o640);
  }
  await build('-o', `type=tar,dest=${join(out, 'files.tar')}`);
  assert.deepEqual(members(join(out, 'files.tar')), ['d/', 'd/f']);
  const command = `"$0" build -q -o - "$1" | tar -xO d/f`;
  const launcher = join(import.meta.dirname, '../../../bin/berth');
  const piped = await daemon.run('sh', ['-c', command, launcher, folder]);
  assert.equal(piped.stdout, 'content', piped.stderr);
});

test('archives of the image, which docker and skopeo read', async () => {
  const [oci, docker] = [join(out, 'oci.tar'), join(out, 'docker.tar')];
  await build('-t', 'archived:1', '-o', `type=oci,dest=${oci}`, '-o', `type=docker,dest=${docker}`);
  assert.ok(members(oci).includes('oci-layout'));
  assert.ok(members(docker).includes('manifest.json'));
  const names = (transport: string) =>
    daemon.run('skopeo', ['inspect', '--format', '{{.Layers}}', transport]);
  for (const transport of [`oci-archive:${oci}`, `docker-archive:${docker}`]) {
    const { code, stdout, stderr } = await names(transport);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\[sha256:[0-9a-f]{64}\]\n$/);
  }
  assert.match(await daemon.ok('load', '-i', docker), /Loaded image: archived:1/);
});

test('the id and what is known of the result, in files', async () => {
  const [idFile, metadataFile] = [join(out, 'id'), join(out, 'metadata.json')];
  const id = (
    await build('--iidfile', idFile, '--metadata-file', metadataFile, '-t', 'one', '-t', 'two:2')
  ).trim();
  assert.equal(readFileSync(idFile, 'utf8'), id);
  const metadata = JSON.parse(readFileSync(metadataFile, 'utf8'));
  assert.equal(metadata['containerimage.config.digest'], id);
  assert.equal(metadata['image.name'], 'docker.io/library/one:latest,docker.io/library/two:2');
  assert.equal(await daemon.ok('image', 'inspect', '-f', '{{.Id}}', 'two:2'), id);
});

test('--load keeps the image beside what else is wanted', async () => {
  const folderOut = join(out, 'loaded');
  await build('-t', 'loaded:1', '-o', folderOut);
  assert.notEqual((await daemon.docker('image', 'inspect', 'loaded:1')).code, 0);
  await build('-t', 'loaded:1', '-o', folderOut, '--load');
  await daemon.ok('image', 'inspect', 'loaded:1');
});

test('an output that cannot be written is an error, and half of it is not left', async () => {
  const wanted = join(out, 'no/such/folder/x.tar');
  const { code, stderr } = await daemon.berth(
    'build',
    '-q',
    '-o',
    `type=tar,dest=${wanted}`,
    folder,
  );
  assert.equal(code, 125);
  assert.match(stderr, /^berth: parse --output: \S+x\.tar: there is no folder \S+folder$/m);
  assert.deepEqual(
    readdirSync(out).filter((name) => name.includes('tmp')),
    [],
  );
});
