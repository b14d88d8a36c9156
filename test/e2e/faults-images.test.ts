import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { until } from './harness/client-process.ts';
import {
  archiveOf,
  craftImage,
  digestOf,
  type Member,
  type StubRegistry,
  startStubRegistry,
  tarOf,
} from './harness/crafted-image.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';
import { unfinishedWork } from './harness/left-behind.ts';

let daemon: TestDaemon;
let registry: StubRegistry;
let outside: string;
before(async () => {
  daemon = await startDaemon();
  registry = await startStubRegistry();
  outside = mkdtempSync(join(tmpdir(), 'berth-outside-'));
  writeFileSync(join(outside, 'kept'), 'untouched');
  await buildBusybox(daemon);
});
after(async () => {
  rmSync(outside, { recursive: true });
  await registry[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

const busyboxLayer = () =>
  tarOf([
    { name: 'bin/', type: '5' },
    { name: 'bin/busybox', data: readFileSync('/bin/busybox') },
  ]);

/** Nothing of a refused image is kept, and nothing outside of the store was touched. */
async function assertUntouched(): Promise<void> {
  assert.deepEqual(readdirSync(outside), ['kept']);
  assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'untouched');
  assert.equal(await daemon.ok('images', '-a', '--format', '{{.Repository}}'), 'busybox');
  const partial = () => unfinishedWork(daemon.folder).filter((path) => !path.includes('/pull-'));
  await until('refused work is cleared away', () => partial().length === 0, { limitMs: 3000 });
}

interface Attack {
  readonly name: string;
  /** Of the layer above busybox; `outside` is a folder of the machine. */
  readonly members: (outside: string) => Member[];
  /** What the client is told. */
  readonly refused: RegExp;
}

const attacks: Attack[] = [
  {
    name: 'a name that climbs out',
    members: () => [{ name: '../../../../../../tmp/berth-escaped', data: 'x' }],
    refused: /is outside of the image's root/,
  },
  {
    name: 'a name that climbs out further down',
    members: () => [{ name: 'a/b/../../../x', data: 'x' }],
    refused: /is outside of the image's root/,
  },
  {
    name: 'a hard link that climbs out',
    members: (folder) => [{ name: 'passwd', type: '1', link: `../../../../../..${folder}/kept` }],
    refused: /is outside of the image's root|outside/,
  },
  {
    name: 'a hard link to a file of the machine by its absolute name',
    members: (folder) => [{ name: 'passwd', type: '1', link: `${folder}/kept` }],
    refused: /there is no such file in the archive/,
  },
  {
    name: 'a whiteout of the folder above',
    members: () => [{ name: 'bin/.wh...' }],
    refused: /whiteout .* is outside of its folder/,
  },
  {
    name: 'a file below a whiteout',
    members: () => [{ name: '.wh.bin/busybox', data: 'x' }],
    refused: /lies below the whiteout/,
  },
  {
    name: 'a symlink out, and a file through it',
    members: (folder) => [
      { name: 'out', type: '2', link: folder },
      { name: 'out/new', data: 'x' },
    ],
    refused: /open "out": it is no directory within the tree/,
  },
  {
    name: 'a symlink that climbs out',
    members: (folder) => [{ name: 'climb', type: '2', link: `../../../../../..${folder}/kept` }],
    refused: /invalid symlink "climb" -> /,
  },
];

for (const { name, members, refused } of attacks) {
  test(`load refuses ${name}`, async () => {
    const file = join(daemon.folder, 'attack.tar');
    writeFileSync(file, archiveOf([busyboxLayer(), tarOf(members(outside))], 'attack:1'));
    const { code, stdout, stderr } = await daemon.docker('load', '-i', file);
    assert.notEqual(code, 0, stdout);
    assert.match(stdout + stderr, refused);
    await assertUntouched();
  });

  test(`pull refuses ${name}`, async () => {
    registry.images.set('attack', craftImage([busyboxLayer(), tarOf(members(outside))]));
    const { code, stdout, stderr } = await daemon.docker('pull', `${registry.address}/attack`);
    assert.equal(code, 1, stdout);
    assert.match(stderr, refused);
    await assertUntouched();
  });
}

/** Harmless as Docker does them: they mean the image's own root. */
const harmless: { name: string; members: (outside: string) => Member[]; shell: string }[] = [
  {
    name: 'an absolute name is taken from the root',
    members: (folder) => [{ name: `${folder}/new`, data: 'inside' }],
    shell: 'busybox cat "$OUTSIDE/new"',
  },
  {
    name: 'a symlink out in a layer below, and a file through it above',
    members: () => [{ name: 'out/new', data: 'inside' }],
    shell: 'busybox cat /out/new',
  },
  {
    name: 'a device: there, and not to be opened',
    members: () => [{ name: 'disk', type: '4', mode: 0o666 }],
    shell: 'test -b /disk && ! busybox head -c1 /disk 2>/dev/null && busybox printf inside',
  },
];

for (const { name, members, shell } of harmless) {
  test(`harmless: ${name}`, async () => {
    const below = tarOf([{ name: 'out', type: '2', link: outside }]);
    const layers = [busyboxLayer(), below, tarOf(members(outside))];
    const file = join(daemon.folder, 'harmless.tar');
    writeFileSync(file, archiveOf(layers, 'harmless:1'));
    const loaded = await daemon.docker('load', '-i', file);
    assert.deepEqual(readdirSync(outside), ['kept']);
    assert.equal(loaded.code, 0, loaded.stderr);
    const output = await daemon.docker(
      ...['run', '--rm', '-e', `OUTSIDE=${outside}`, '--entrypoint', '/bin/busybox'],
      ...['harmless:1', 'sh', '-c', shell.replaceAll('busybox ', '/bin/busybox ')],
    );
    assert.equal(output.stdout, 'inside', output.stderr);
    await daemon.ok('rmi', 'harmless:1');
    await assertUntouched();
  });
}

test('lies of a registry are refused in words', async () => {
  const layers = [busyboxLayer(), tarOf([{ name: 'file', data: 'x'.repeat(100_000) }])];
  const image = craftImage(layers);
  const last = image.layers[1]!;
  const name = `${registry.address}/lies`;
  registry.images.set('lies', image);
  const cases: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ['other bytes', (bytes) => Buffer.alloc(bytes.length), /digest|filesystem layer verification/i],
    ['too few', (bytes) => bytes.subarray(0, 50_000), /unexpected EOF|short|size|bytes/i],
    ['too many', (bytes) => Buffer.concat([bytes, bytes]), /size|more|bytes|digest/i],
  ];
  for (const [what, lie, words] of cases) {
    registry.intercept = (digest, response, bytes) => {
      if (digest !== last || !bytes) return false;
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.end(lie(bytes));
      return true;
    };
    const { code, stderr } = await daemon.docker('pull', name);
    assert.equal(code, 1, what);
    assert.match(stderr, words, what);
    await assertUntouched();
  }
  registry.intercept = () => false;
  await daemon.ok('pull', name);
  await daemon.ok('run', '--rm', name);
  await daemon.ok('rmi', name);
});

test('a config that lies about its layers, and a manifest under a wrong digest', async () => {
  const layer = busyboxLayer();
  const wrong = digestOf(Buffer.from('something else'));
  registry.images.set('lies', craftImage([layer], { diffIds: [wrong] }));
  const lied = await daemon.docker('pull', `${registry.address}/lies`);
  assert.equal(lied.code, 1);
  assert.match(lied.stderr, /layer \S+ unpacks to \S+, the image's configuration says/);
  await assertUntouched();
  registry.images.set('lies', craftImage([layer]));
  const byDigest = await daemon.docker('pull', `${registry.address}/lies@${wrong}`);
  assert.equal(byDigest.code, 1);
  assert.match(byDigest.stderr, /digest|manifest/i);
  await assertUntouched();
});

for (const [what, args, words] of [
  [
    'unknown image of a registry',
    ['pull', 'REGISTRY/none:9'],
    /manifest for \S+\/none:9 not found|manifest unknown|not found/,
  ],
  ['unknown image to inspect', ['image', 'inspect', 'none'], /[Nn]o such image: none/],
  ['unknown image to remove', ['rmi', 'none'], /No such image: none(:latest)?/],
  ['unknown image to tag', ['tag', 'none', 'other'], /No such image: none(:latest)?/],
  [
    'unknown image to push',
    ['push', 'REGISTRY/none'],
    /An image does not exist locally with the tag: \S+\/none/,
  ],
  ['a name that is none', ['pull', 'UPPER/Case'], /invalid reference format/],
] as [string, string[], RegExp][]) {
  test(`refused: ${what}`, async () => {
    const { code, stderr } = await daemon.docker(
      ...args.map((arg) => arg.replace('REGISTRY', registry.address)),
    );
    assert.equal(code, 1);
    assert.match(stderr, words);
  });
}

test('not an image at all', async () => {
  const file = join(daemon.folder, 'noise.tar');
  for (const content of [Buffer.from('noise'), Buffer.alloc(0), busyboxLayer().subarray(0, 5000)]) {
    writeFileSync(file, content);
    const { code, stdout, stderr } = await daemon.docker('load', '-i', file);
    assert.notEqual(code, 0, stdout + stderr);
    await assertUntouched();
  }
});

test('nothing came to stand outside', () => {
  assert.equal(existsSync('/tmp/berth-escaped'), false);
});
