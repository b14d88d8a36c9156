import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { copyImage, type Image, imageSource, layoutSink } from '../../src/image/index.ts';
import { indexSource, sampleImage } from '../contract/sample-image.ts';
import { layeredImage } from '../contract/sample-layers.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';
import { startDockerDaemon } from './registry/docker-daemon.ts';
import { ok, type ServerProcess, startRegistry } from './registry/processes.ts';

/* One image in every form that other people's programs write: all give the same numbers. */

const berth = join(import.meta.dirname, '../../bin/berth');
let folder: string;
let registry: ServerProcess;
let daemon: TestDaemon;
let image: Image;
let remote: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-sources-'));
  registry = await startRegistry({ users: { bob: 'bobpw' } });
  daemon = await startDaemon();
  image = await layeredImage(
    [
      { line: 'ADD base /', members: { 'etc/': '', 'etc/a': 30_000, 'etc/b': 500 } },
      { line: 'COPY x /', members: { 'etc/': '', 'etc/a': 20_000, 'opt/': '', 'opt/c': 7000 } },
      { line: 'RUN rm', members: { 'opt/': '', 'opt/.wh.c': 0, 'etc/': '', 'etc/.wh.b': 0 } },
    ],
    'gzip',
  );
  const sink = layoutSink(path('layout'));
  await copyImage({ source: imageSource(image), sink, tags: ['one'] });
  remote = `${registry.host}/bob/image:1`;
  await skopeo(`oci:${path('layout')}:one`, `docker://${remote}`, '--dest-creds', 'bob:bobpw');
});
after(async () => {
  await daemon[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string) => join(folder, name);
const skopeo = (from: string, to: string, ...more: string[]) =>
  ok('skopeo', [
    'copy',
    '-q',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    ...more,
    from,
    to,
  ]);
const fromLayout = (to: string, ...more: string[]) =>
  skopeo(`oci:${path('layout')}:one`, to, ...more);

/**
 * By hand: etc/a 30,000 + 20,000, etc/b 500 + 0, opt/c 7,000 + 0 come twice; of these 20,000 is
 * the sum of the smallest, so the score is 20,000 by 57,500.
 */
const expected = { sizeBytes: 57_500, inefficientBytes: 57_500, efficiencyScore: 20_000 / 57_500 };

function numbersIn(json: string): object {
  const { image: found, layer } = JSON.parse(json) as {
    image: typeof expected & { fileReference: { count: number; file: string }[] };
    layer: { sizeBytes: number; command: string }[];
  };
  assert.deepEqual(
    found.fileReference.map(({ count, file }) => `${count} ${file}`),
    ['2 /etc/a', '2 /opt/c', '2 /etc/b'],
  );
  assert.deepEqual(
    layer.map(({ sizeBytes, command }) => `${sizeBytes} ${command}`),
    ['30500 ADD base /', '27000 COPY x /', '0 RUN rm'],
  );
  const { sizeBytes, inefficientBytes, efficiencyScore } = found;
  return { sizeBytes, inefficientBytes, efficiencyScore };
}

async function check(target: string, ...more: string[]): Promise<void> {
  const { code, stdout, stderr } = await daemon.berth('analyze', '--json', '-', target, ...more);
  assert.equal(code, 0, stderr);
  assert.deepEqual(numbersIn(stdout), expected);
}

const forms: [name: string, make: () => Promise<string>][] = [
  ['a layout', async () => path('layout')],
  [
    'a docker-archive of skopeo',
    async () => {
      await fromLayout(`docker-archive:${path('skopeo.tar')}:x:1`);
      return path('skopeo.tar');
    },
  ],
  [
    'an archive compressed with gzip',
    async () => {
      await fromLayout(`docker-archive:${path('packed.tar')}:x:1`);
      execFileSync('gzip', [path('packed.tar')]);
      return path('packed.tar.gz');
    },
  ],
  [
    'an OCI archive of skopeo',
    async () => {
      await fromLayout(`oci-archive:${path('oci.tar')}:x`);
      return `oci-archive:${path('oci.tar')}`;
    },
  ],
  [
    'a layout with zstd layers',
    async () => {
      await fromLayout(`oci:${path('zstd')}:one`, '--dest-compress-format', 'zstd');
      return `oci:${path('zstd')}`;
    },
  ],
  [
    'a layout of whole layers',
    async () => {
      await fromLayout(`oci:${path('plain')}:one`, '--dest-decompress');
      return path('plain');
    },
  ],
];
for (const [name, make] of forms) test(`numbers of ${name}`, async () => check(await make()));

test('numbers of what dockerd saves, and of it on standard input', async () => {
  await using engine = await startDockerDaemon();
  await fromLayout(`docker-archive:${path('in.tar')}:x:1`);
  await engine.ok('load', '-qi', path('in.tar'));
  await engine.ok('save', '-o', path('docker.tar'), 'x:1');
  await check(path('docker.tar'));
  const input = openSync(path('docker.tar'), 'r');
  const stdout = execFileSync(berth, ['analyze', '--json', '-', '-'], {
    stdio: [input, 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  closeSync(input);
  assert.deepEqual(numbersIn(stdout), expected);
});

test('numbers of what podman saves, in both its forms', async () => {
  const storage = ['--root', path('podman'), '--runroot', path('podman-run')];
  const podman = (...args: string[]) =>
    ok('podman', [...storage, '--storage-driver', 'vfs', ...args]);
  await fromLayout(`docker-archive:${path('for-podman.tar')}:x:1`);
  await podman('load', '-qi', path('for-podman.tar'));
  for (const format of ['docker-archive', 'oci-archive', 'oci-dir']) {
    await podman('save', '-q', '--format', format, '-o', path(`podman-${format}`), 'x:1');
    await check(path(`podman-${format}`));
  }
});

test('numbers of an image of the daemon, and of what it saves', async () => {
  await fromLayout(`docker-archive:${path('load.tar')}:loaded:1`);
  await daemon.ok('load', '-qi', path('load.tar'));
  await check('loaded:1');
  await check(`docker://loaded:1`);
  await daemon.ok('save', '-o', path('saved.tar'), 'loaded:1');
  await check(path('saved.tar'));
});

test('a registry that wants a login: refused without, read with what docker login stored', async () => {
  const refused = await daemon.berth('analyze', remote);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /pulling it\nberth: .*(?:denied|unauthorized)/);
  const auth = Buffer.from('bob:bobpw').toString('base64');
  mkdirSync(daemon.env.DOCKER_CONFIG!, { recursive: true });
  writeFileSync(
    join(daemon.env.DOCKER_CONFIG!, 'config.json'),
    JSON.stringify({ auths: { [registry.host]: { auth } } }),
  );
  await check(remote);
});

test('of several platforms one is chosen', async () => {
  const [amd64, arm64] = await Promise.all(
    ['amd64', 'arm64'].map((architecture) =>
      sampleImage({
        name: architecture,
        compressions: ['gzip'],
        platform: { os: 'linux', architecture },
      }),
    ),
  );
  const { source } = indexSource([amd64!, arm64!]);
  await copyImage({ source, sink: layoutSink(path('both')), allPlatforms: true, tags: ['index'] });
  for (const platform of ['linux/amd64', 'linux/arm64']) {
    const { stdout } = await daemon.berth('analyze', path('both'), '--platform', platform);
    assert.match(stdout, new RegExp(`: ${platform}, 1 layer`));
  }
  const { stderr } = await daemon.berth('analyze', path('both'), '--platform', 'linux/s390x');
  assert.match(stderr, /no matching manifest for linux\/s390x/);
  const compared = await daemon.berth('analyze', path('layout'), path('layout'));
  assert.match(compared.stdout, /nothing grew and nothing shrank/);
});
