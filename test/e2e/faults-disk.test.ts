import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { until } from './harness/client-process.ts';
import {
  archiveOf,
  craftImage,
  type StubRegistry,
  startStubRegistry,
  tarOf,
} from './harness/crafted-image.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

const diskBytes = 64 << 20;
let daemon: TestDaemon;
let registry: StubRegistry;
let disk: string;
let mountPoint: string;
before(async () => {
  disk = mkdtempSync(join(tmpdir(), 'berth-disk-'));
  mountPoint = join(disk, 'mounted');
  mkdirSync(mountPoint);
  const image = join(disk, 'image');
  closeSync(openSync(image, 'w'));
  truncateSync(image, diskBytes);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, mountPoint]);
  daemon = await startDaemon({ args: ['--root', join(mountPoint, 'root')] });
  registry = await startStubRegistry();
  await buildBusybox(daemon);
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
  execFileSync('umount', [mountPoint]);
  rmSync(disk, { recursive: true });
});

/** Leaves this much of the disk. */
function fill(leaveBytes: number): void {
  const file = openSync(join(mountPoint, 'filler'), 'a');
  const block = Buffer.alloc(4096);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(mountPoint);
      const excess = bavail * bsize - leaveBytes;
      if (excess <= 0) break;
      writeSync(file, excess > 1 << 20 ? Buffer.alloc(1 << 20) : block);
    }
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
}

const makeSpace = () => rmSync(join(mountPoint, 'filler'), { force: true });

/** Refused work left nothing, and what was there before works. */
async function assertWhole(): Promise<void> {
  const root = join(mountPoint, 'root');
  const left = () =>
    ['content/ingest', 'snapshots/staging', 'snapshots/trash', 'build/work'].flatMap((folder) =>
      readdirSync(join(root, folder)).filter((name) => !name.startsWith('pull-')),
    );
  await until('half-done work is gone', () => left().length === 0);
  assert.equal(await daemon.ok('images', '--format', '{{.Repository}}'), 'busybox');
  assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'whole'), 'whole');
}

function contextOf(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(daemon.folder, 'context-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const noSpace = /no space left on device/i;

test('build, pull and load on a disk with no room for them', async () => {
  const large = randomBytes(6 << 20);
  const copying = contextOf({ large, Dockerfile: 'FROM busybox\nCOPY large /\n' });
  const running = contextOf({
    Dockerfile: 'FROM busybox\nRUN dd if=/dev/urandom of=/large bs=1M count=6\n',
  });
  const layers = [tarOf([{ name: 'large', data: large }])];
  registry.images.set('large', craftImage(layers));
  const archive = join(daemon.folder, 'large.tar');
  writeFileSync(archive, archiveOf(layers, 'large:1'));
  const pulled = `${registry.address}/large`;
  const works = [
    ['build', '--no-cache', '-t', 'copied', copying],
    ['build', '--no-cache', '-t', 'ran', running],
    ['pull', pulled],
    ['load', '-i', archive],
  ];
  for (const args of works) {
    fill(4 << 20); // anew: what was thrown away meanwhile made room
    const { code, stdout, stderr } = await daemon.docker(...args);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(stdout + stderr, noSpace, args.join(' '));
    await assertWhole();
  }
  makeSpace();
  for (const args of works) await daemon.ok(...args);
  assert.equal(await daemon.ok('run', '--rm', 'copied', 'wc', '-c', '/large'), `${6 << 20} /large`);
  await daemon.ok('rmi', 'copied', 'ran', pulled, 'large:1');
  await assertWhole();
});

test('a container on a full disk: it is told, its output still comes, and goes on being logged', async () => {
  await daemon.ok(
    ...['run', '-d', '--name', 'writer', 'busybox', 'sh', '-c'],
    'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo line $i; sleep 0.02; done',
  );
  await until('it writes', async () => (await daemon.ok('logs', 'writer')).includes('line 2\n'));
  fill(0);
  const full = await daemon.docker(
    'run',
    '--rm',
    'busybox',
    'dd',
    'if=/dev/zero',
    'of=/f',
    'bs=1M',
    'count=4',
  );
  assert.notEqual(full.code, 0);
  assert.match(full.stderr, noSpace);
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'writer'), 'running');
  assert.equal((await daemon.docker('version')).code, 0);
  makeSpace();
  const size = (await daemon.ok('logs', 'writer')).length;
  await until('it is logged again', async () => (await daemon.ok('logs', 'writer')).length > size);
  await daemon.ok('exec', 'writer', 'touch', '/stop');
  assert.equal(await daemon.ok('wait', 'writer'), '0');
  const lines = (await daemon.ok('logs', 'writer'))
    .split('\n')
    .map((line) => Number(line.slice(5)));
  assert.ok(lines.every((line, index) => index === 0 || line > lines[index - 1]!));
  await daemon.ok('rm', 'writer');
  await assertWhole();
});

test('on a disk without a byte left things can be stopped and removed', async () => {
  const context = contextOf({
    large: randomBytes(4 << 20),
    Dockerfile: 'FROM busybox\nCOPY large /\n',
  });
  await daemon.ok('build', '-t', 'spare', context);
  await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '600');
  await daemon.ok('create', '--name', 'idle', 'spare', 'true');
  // A few seconds after there is room again.
  await until('its reserve is kept anew', async () => {
    await daemon.ok('run', '--rm', 'busybox', 'true');
    return existsSync(join(mountPoint, 'root/berth.db-reserve'));
  });
  fill(0);
  await daemon.ok('stop', '-t', '0', 'runs');
  await daemon.ok('rm', 'runs', 'idle');
  await daemon.ok('rmi', 'spare');
  await daemon.kill();
  await daemon.start();
  assert.equal(await daemon.ok('ps', '-aq'), '');
  makeSpace();
  await assertWhole();
});
