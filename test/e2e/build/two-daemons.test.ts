import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

const password = 'pass-word-1';
const epoch = { SOURCE_DATE_EPOCH: '1700000000' };
let one: TestDaemon;
let two: TestDaemon;

before(async () => {
  [one, two] = await Promise.all([startDaemon({ env: epoch }), startDaemon({ env: epoch })]);
  for (const daemon of [one, two]) {
    const user = ['user', 'add', 'builder', '--admin', '--password-stdin'];
    assert.equal((await daemon.run(launcher, user, { input: password })).code, 0);
  }
  for (const client of [one, two]) {
    for (const { registry } of [one, two]) {
      const login = ['login', '-u', 'builder', '--password-stdin', registry];
      const { code, stderr } = await client.run('docker', login, { input: password });
      assert.equal(code, 0, stderr);
    }
  }
});
after(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

const launcher = join(import.meta.dirname, '../../../bin/berth');

const files: [path: string, content: string][] = [
  ['b/one', '1'],
  ['b/two', '2'],
  ['a', 'a'],
  ['c/d/e', 'deep'],
];

/** The same files, made in another order, at another time, in another place. */
function context(daemon: TestDaemon, name: string, dockerfile: string): string {
  const folder = join(daemon.folder, name);
  const all: typeof files = [...files, ['Dockerfile', dockerfile]];
  for (const [path, content] of daemon === one ? all : all.reverse()) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, 0o644);
    const timeS = daemon === one ? 1_500_000_000 : 1_600_000_000 + content.length;
    utimesSync(target, timeS, timeS);
  }
  return folder;
}

async function build(daemon: TestDaemon, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth('build', '--progress', 'plain', ...args);
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}

async function metadataOf(daemon: TestDaemon, image: string, folder: string) {
  const file = join(daemon.folder, 'metadata.json');
  const argument = ['--build-arg', `SOURCE_DATE_EPOCH=${epoch.SOURCE_DATE_EPOCH}`];
  await build(daemon, ...argument, '-t', image, '--push', '--metadata-file', file, folder);
  return JSON.parse(await daemon.run('cat', [file]).then(({ stdout }) => stdout)) as object;
}

const dockerfile = `FROM scratch
COPY . /
WORKDIR /made/here
COPY --link --chown=5:6 b /linked
COPY <<x /inline
text
x
LABEL a=b c=d
ENV A=b
CMD ["x"]
`;

test('with SOURCE_DATE_EPOCH two machines give one image, to the digest of its manifest', async () => {
  const digests = [];
  for (const daemon of [one, two]) {
    const folder = context(daemon, 'same', dockerfile);
    const metadata = await metadataOf(daemon, `${daemon.registry}/me/same:1`, folder);
    const { 'image.name': _, ...rest } = metadata as Record<string, string>;
    assert.match(rest['containerimage.digest']!, /^sha256:/);
    digests.push(rest);
  }
  assert.deepEqual(digests[1], digests[0]);
});

const steps = `FROM busybox AS a
COPY b /b
RUN echo made > /a
FROM busybox
RUN echo x > /y
COPY --from=a /a /b
`;

test('a cache goes from one machine to another: in the registry, in the image, in a folder', async () => {
  await buildBusybox(one);
  await one.ok('save', '-o', join(one.folder, 'busybox.tar'), 'busybox');
  await two.ok('load', '-i', join(one.folder, 'busybox.tar'));
  const [from, to] = [context(one, 'steps', steps), context(two, 'steps', steps)];
  const image = `${one.registry}/me/cached:1`;
  const inRegistry = `type=registry,ref=${one.registry}/me/cache:1`;
  const inFolder = join(one.folder, 'cache');
  await build(one, '-t', image, '--push', '--cache-to', 'type=inline', from);
  await build(one, '--cache-to', `${inRegistry},mode=max`, from);
  await build(one, '--cache-to', `type=local,dest=${inFolder},mode=max`, from);
  const cases: [cacheFrom: string, cached: number][] = [
    [inRegistry, 4],
    [`type=local,src=${inFolder}`, 4],
    // Of the stages that are not in the image it knows nothing.
    [`type=registry,ref=${image}`, 2],
  ];
  for (const [cacheFrom, cached] of cases) {
    await two.ok('builder', 'prune', '-af');
    const output = await build(two, '-t', 'taken', '--cache-from', cacheFrom, to);
    assert.equal(output.match(/ CACHED\n/g)?.length ?? 0, cached, `${cacheFrom}\n${output}`);
    assert.equal(await two.ok('run', '--rm', 'taken', 'cat', '/y', '/b'), 'x\nmade');
    await two.ok('rmi', 'taken');
  }
});
