import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect } from '../../core/index.ts';
import { contextTar, createBuildKit } from '../testing/build-kit.ts';
import { localFolder } from '../testing/local-folder.ts';

test('the Dockerfile may stand elsewhere, outside, or have another name', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const context = (files: Record<string, string>) =>
    ({ kind: 'tar', stream: contextTar(files) }) as const;
  const request = {
    tags: [],
    buildArgs: {},
    labels: {},
    noCache: false,
    pull: false,
  };
  const outputs: string[] = [];
  const onEvent = (event: { kind: string; bytes?: Uint8Array }) => {
    if (event.kind === 'step-output') outputs.push(Buffer.from(event.bytes!).toString().trim());
  };
  const build = (more: object) => kit.builder.build({ ...request, ...more } as never, { onEvent });
  await build({
    context: context({ 'docker/x.Dockerfile': 'FROM base\nRUN echo elsewhere\n' }),
    dockerfile: { path: './docker/x.Dockerfile' },
  });
  await build({
    context: context({ f: 'x' }),
    dockerfile: { text: 'FROM base\nCOPY f /\nRUN echo outside\n' },
  });
  await build({
    context: context({ dockerfile: 'FROM base\nRUN echo lower case\n' }),
    dockerfile: { path: 'Dockerfile' },
  });
  await build({
    context: context({ link: '->real/Df', 'real/Df': 'FROM base\nRUN echo linked\n' }),
    dockerfile: { path: 'link' },
  });
  assert.deepEqual(outputs, ['elsewhere', 'outside', 'lower case', 'linked']);
  for (const path of ['Nope', '../../etc/passwd', 'folder']) {
    await assert.rejects(build({ context: context({ 'folder/x': '' }), dockerfile: { path } }), {
      kind: 'not-found',
      message: /failed to read dockerfile: open .*: no such file or directory/,
    });
  }
});

test('contexts from an address: a repository, an archive, a Dockerfile alone', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  kit.repositories.set('https://example.com/r.git#main:sub', {
    commit: 'a'.repeat(40),
    files: { Dockerfile: 'FROM base\nCOPY f /\n', f: 'from git' },
  });
  const tar = await collect(contextTar({ Dockerfile: 'FROM base\nCOPY f /\n', f: 'web' }), 1 << 20);
  kit.web.set('https://example.com/c.tar', { content: tar.toString('latin1') });
  kit.web.set('https://example.com/Dockerfile', { content: 'FROM base\nRUN write /f alone\n' });
  const build = (url: string) => kit.build('', { context: { kind: 'remote', url } });
  assert.equal((await build('https://example.com/r.git#main:sub')).file('/f'), 'from git');
  assert.equal((await build('https://example.com/c.tar')).file('/f'), 'web');
  assert.equal((await build('https://example.com/Dockerfile')).file('/f'), 'alone');
  await assert.rejects(build('ftp://example.com/x'), { kind: 'invalid' });
  await assert.rejects(build('https://example.com/none'), { kind: 'not-found' });
});

test('a context that is larger than allowed, or no tar, is refused', async () => {
  await using kit = await createBuildKit({
    options: { contextLimits: { entries: 3, bytes: 1 << 20 } },
  });
  const files = { a: '', b: '', c: '' };
  await assert.rejects(kit.build('FROM scratch\n', { files }), /too many/);
  kit.web.set('https://example.com/bomb', { content: 'x'.repeat(2 << 20) });
  await assert.rejects(
    kit.build('', { context: { kind: 'remote', url: 'https://example.com/bomb' } }),
    /are more than is allowed/,
  );
  await assert.rejects(
    kit.build('', {
      context: { kind: 'tar', stream: contextTar({ x: gzipSync('x').toString() }) },
    }),
    { kind: 'not-found' },
  );
});

test('a context nobody needs is read to its end, and not before', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  let read = 0;
  async function* stream() {
    for (; read < 3; read++) yield Buffer.from('not even a tar');
  }
  await kit.builder.build(
    {
      context: { kind: 'tar', stream: stream() },
      dockerfile: { text: 'FROM base\nRUN true\n' },
      tags: [],
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: false,
    },
    { onEvent: () => {} },
  );
  assert.equal(read, 3);
});

test('checks warn; asked for alone, nothing is built', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile = 'from base\nRUN true\nCMD echo shell\n';
  const { events } = await kit.build(dockerfile, { buildArgs: { NOBODY: '1' } });
  const codes = events.flatMap((event) => (event.kind === 'warning' ? [event.code] : []));
  assert.ok(codes.includes('JSONArgsRecommended'));
  assert.ok(codes.includes('UnconsumedBuildArgs'));
  const runs = kit.runner.requests.length;
  const kinds: string[] = [];
  const result = await kit.builder.build(
    {
      context: { kind: 'none' },
      dockerfile: { text: dockerfile },
      tags: [],
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: false,
      checkOnly: true,
    },
    { onEvent: ({ kind }) => kinds.push(kind) },
  );
  assert.equal(result.imageId, '');
  assert.ok(kinds.includes('warning') && !kinds.includes('plan'));
  assert.equal(kit.runner.requests.length, runs);
});

test('outputs: archives to read, images to push, nothing kept for a cache build', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile = 'FROM base\nRUN true\n';
  const reference = { domain: 'registry.example', path: 'me/app', tag: '1' };
  const both = await kit.build(dockerfile, {
    outputs: [{ kind: 'docker' }, { kind: 'registry' }],
    tags: [reference],
  });
  const [archive] = both.result.archives;
  assert.equal(
    (await collect(archive!.content, 1000)).toString(),
    `docker archive of ${both.imageId}`,
  );
  assert.deepEqual(kit.pushed, ['registry.example/me/app:1']);
  assert.deepEqual(kit.written.at(-1)?.tags, [], 'not an output of kind image');
  assert.deepEqual(kit.forgotten, [], 'its archive is to be read yet');
  await both.result[Symbol.asyncDispose]();
  assert.deepEqual(kit.forgotten, [both.imageId], 'nobody asked for an image here');
  const count = kit.written.length;
  const { result } = await kit.build(dockerfile, { outputs: [{ kind: 'tar' }] });
  assert.match((await collect(result.archives[0]!.content, 1000)).toString(), /^files of sha256:/);
  await kit.build(dockerfile, { outputs: [{ kind: 'none' }] });
  assert.equal(kit.written.length, count);
  await assert.rejects(kit.build(dockerfile, { outputs: [{ kind: 'registry' }] }), /tag is needed/);
});

test('a folder at the client: its Dockerfile first, then what the ignore file leaves', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const source = join(kit.root, 'source');
  mkdirSync(join(source, 'app/cache'), { recursive: true });
  const files = {
    Dockerfile: 'FROM base\nCOPY . /\n',
    '.dockerignore': 'app/cache\nsecret\n',
    'app/main': 'code',
    'app/cache/x': 'cached',
    secret: 'hidden',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(source, path), text);
  const folder = localFolder(source, 'client 1');
  const build = () =>
    kit.build('', { context: { kind: 'folder', folder }, contexts: { other: none } });
  const none = { kind: 'folder', folder: localFolder(join(source, 'app'), 'client 2') } as const;
  const built = await build();
  assert.deepEqual(
    ['app/main', 'app/cache/x', 'secret', 'Dockerfile'].map((path) => built.file(path)),
    ['code', undefined, undefined, 'FROM base\nCOPY . /\n'],
  );
  assert.deepEqual(folder.choices, [
    {
      exclude: [],
      only: ['Dockerfile', 'dockerfile', 'Dockerfile.dockerignore', '.dockerignore'],
    },
    { exclude: ['app/cache', 'secret'] },
  ]);
  assert.deepEqual(none.folder.choices, [], 'nobody needed it');
  folder.asked.length = 0;
  writeFileSync(join(source, 'app/main'), 'new code');
  assert.equal((await build()).file('app/main'), 'new code');
  assert.deepEqual(folder.asked, ['.dockerignore', 'Dockerfile', 'app/main']);

  writeFileSync(join(source, 'Dockerfile'), 'FROM base\nCOPY secret /\n');
  await assert.rejects(build(), /"\/secret": not found \(excluded by .dockerignore\)/);
  const usage = await kit.builder.cache.usage();
  const local = usage.filter(({ type }) => type === 'source.local');
  assert.equal(local.length, 1);
  assert.match(local[0]!.description, /^local source for context "client 1"$/);
  const { deleted } = await kit.builder.cache.prune({ all: false, type: 'source.local' });
  assert.deepEqual(deleted, [local[0]!.id]);
});

test('an ignore file given with the text counts in place of the context’s', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const files = { a: 'a', b: 'b', '.dockerignore': 'a\n' };
  const build = (ignore?: string) =>
    kit.build('', {
      context: { kind: 'tar', stream: contextTar(files) },
      dockerfile: { text: 'FROM base\nCOPY . /\n', ignore },
    });
  assert.equal((await build()).file('/b'), 'b');
  const ignored = await build('b\n');
  assert.deepEqual([ignored.file('/a'), ignored.file('/b')], ['a', undefined]);
});
