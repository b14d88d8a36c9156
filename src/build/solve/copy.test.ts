import assert from 'node:assert/strict';
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect, digestOf } from '../../core/index.ts';
import type { StepFailure } from '../builder.ts';
import { contextTar, createBuildKit } from '../testing/build-kit.ts';

const context = { 'a.txt': 'a', 'b.txt': 'b', 'dir/c.txt': 'c', 'dir/link': '->c.txt' };

test('where COPY puts things', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', { 'etc/passwd': '', 'existing/': '', file: 'f' });
  const cases: [instruction: string, there: Record<string, string>][] = [
    ['COPY a.txt /new', { '/new': 'a' }],
    ['COPY a.txt /new/', { '/new/a.txt': 'a' }],
    ['COPY a.txt /existing', { '/existing/a.txt': 'a' }],
    ['COPY a.txt b.txt /new/', { '/new/a.txt': 'a', '/new/b.txt': 'b' }],
    ['COPY *.txt /existing', { '/existing/a.txt': 'a', '/existing/b.txt': 'b' }],
    ['COPY dir /new', { '/new/c.txt': 'c' }],
    ['COPY dir a.txt /new/', { '/new/c.txt': 'c', '/new/a.txt': 'a' }],
    ['COPY a.txt /file', { '/file': 'a' }],
    ['COPY --parents dir/c.txt /p', { '/p/dir/c.txt': 'c' }],
    ['COPY --exclude=a.txt . /new', { '/new/b.txt': 'b', '/new/dir/c.txt': 'c' }],
    ['COPY <<x /new/\nhello\nx', { '/new/x': 'hello\n' }],
    ['COPY --link a.txt /linked/', { '/linked/a.txt': 'a', '/file': 'f' }],
    ['WORKDIR /w\nCOPY a.txt .', { '/w/a.txt': 'a' }],
  ];
  for (const [instruction, there] of cases) {
    const built = await kit.build(`FROM base\n${instruction}\n`, { files: context });
    for (const [path, content] of Object.entries(there)) {
      assert.equal(built.file(path), content, `${instruction}: ${path}`);
    }
  }
  const links = await kit.build('FROM base\nCOPY dir /d\nCOPY --chmod=600 a.txt /m\n', {
    files: context,
  });
  const folder = kit.ports.filesystems.folderOf(links.chain);
  assert.equal(readlinkSync(join(folder, 'd/link')), 'c.txt');
  assert.equal(lstatSync(join(folder, 'm')).mode & 0o777, 0o600);
});

test('files that a wildcard finds through links go by the names of the links', async () => {
  await using kit = await createBuildKit();
  const dockerfile = 'FROM scratch\nCOPY l* /x/\n';
  const build = (links: Record<string, string>) =>
    kit.build(dockerfile, { files: { target: 't', ...links } });
  assert.equal((await build({ l1: '->target', l2: '->target' })).file('/x/l1'), 't');
  const renamed = await build({ l0: '->target', l2: '->target' });
  assert.deepEqual([renamed.file('/x/l0'), renamed.file('/x/l1')], ['t', undefined]);
});

test('what COPY cannot do', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', { file: 'f' });
  const cases: [instruction: string, message: RegExp][] = [
    ['COPY nope /x', /failed to compute cache key: "\/nope": not found/],
    ['COPY dir /file', /cannot copy to non-directory: .*\/file/],
    ['COPY a.txt b.txt /x', /with more than one source file, the destination must be a directory/],
    ['COPY *.txt /x', /with more than one source file, the destination must be a directory/],
    ['COPY --chown=nobody a.txt /x', /unable to find user nobody: no matching entries in passwd/],
    ['COPY --from=base /nope /x', /"\/nope": not found/],
    ['COPY ignored /x', /"\/ignored": not found \(excluded by \.dockerignore\)/],
  ];
  for (const [instruction, message] of cases) {
    const files = { ...context, ignored: '', '.dockerignore': 'ignored' };
    await assert.rejects(kit.build(`FROM base\n${instruction}\n`, { files }), (error: Error) => {
      assert.match(error.message, message);
      const { details } = error as unknown as StepFailure;
      assert.equal(details.line, 2);
      if (/excluded/.test(error.message)) {
        const classic =
          'COPY failed: file not found in build context or excluded by .dockerignore: stat ignored: file does not exist';
        assert.equal(details.classicMessage, classic);
      }
      return true;
    });
  }
  assert.equal(kit.ports.filesystems.open(), 0);
});

test('ignored files are neither copied nor part of the key', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const build = (log: string, ignore: Record<string, string>) =>
    kit.build('FROM base\nCOPY . /all/\n', {
      files: { keep: 'k', 'log/x': log, 'log/keep': 'k', ...ignore },
    });
  const first = await build('1', { '.dockerignore': 'log/*\n!log/keep\nDockerfile\n' });
  assert.equal(first.file('/all/keep'), 'k');
  assert.equal(first.file('/all/log/keep'), 'k');
  assert.equal(first.file('/all/log/x'), undefined);
  assert.equal(first.file('/all/Dockerfile'), undefined);
  const again = await build('2', { '.dockerignore': 'log/*\n!log/keep\nDockerfile\n' });
  assert.equal(again.imageId, first.imageId);
  const own = await build('2', {
    '.dockerignore': '',
    'Dockerfile.dockerignore': 'log\n.dockerignore\n',
  });
  assert.equal(own.file('/all/log/keep'), undefined);
  assert.equal(own.file('/all/Dockerfile') === undefined, false);
});

test('COPY from stages, images and named contexts', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  await kit.addImage('tools:latest', { 'bin/a': 'A', 'bin/b': 'B', 'lib/x.so': 'X' });
  const built = await kit.build(
    `FROM base AS made
RUN write /out/1 one && write /out/2 two
FROM base
COPY --from=made /out/1 /o/
COPY --from=0 /out /all
COPY --from=tools /bin/* /bin/
COPY --from=tools --parents /lib/*.so /p/
COPY --from=named . /named/
`,
    {
      contexts: {
        named: { kind: 'tar', stream: contextTar({ n: 'n', '.dockerignore': 'no', no: 'x' }) },
      },
    },
  );
  for (const [path, content] of Object.entries({
    '/o/1': 'one',
    '/all/2': 'two',
    '/bin/a': 'A',
    '/bin/b': 'B',
    '/p/lib/x.so': 'X',
    '/named/n': 'n',
  })) {
    assert.equal(built.file(path), content, path);
  }
  assert.equal(built.file('/named/no'), undefined);
});

test('a context by name stands for a base', async () => {
  await using kit = await createBuildKit();
  const built = await kit.build('FROM given\nCMD ["x"]\n', {
    contexts: { given: { kind: 'tar', stream: contextTar({ 'etc/x': 'x' }) } },
  });
  assert.equal(built.file('/etc/x'), 'x');
  assert.equal(built.config.rootfs.diff_ids.length, 1);
  const layers = built.config.history?.filter(({ empty_layer }) => !empty_layer);
  assert.equal(layers?.length, 1);
});

test('--link makes one layer for all parents', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('one:latest', { one: '1' });
  await kit.addImage('two:latest', { two: '2' });
  const files = { app: 'app' };
  const first = await kit.build('FROM one\nCOPY --link app /opt/\n', { files });
  const second = await kit.build('FROM two\nCOPY --link app /opt/\n', { files });
  assert.equal(second.file('/opt/app'), 'app');
  assert.equal(second.file('/two'), '2');
  assert.equal(first.config.rootfs.diff_ids.at(-1), second.config.rootfs.diff_ids.at(-1));
});

test('a copy is made once for all parents on which it would come out the same', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('one:latest', { one: '1' });
  await kit.addImage('two:latest', { two: '2' });
  await kit.addImage('there:latest', { 'opt/': '' });
  const files = { app: 'app' };
  const layerOn = async (base: string, more: { noCache?: boolean } = {}) => {
    const dockerfile = `FROM ${base}\nWORKDIR /w\nCOPY app /opt/\n`;
    const built = await kit.build(dockerfile, { files, ...more });
    assert.equal(built.file('/opt/app'), 'app');
    assert.equal(built.outcomes['COPY app /opt/'], 'done');
    return built.config.rootfs.diff_ids.slice(1);
  };
  const first = await layerOn('one');
  assert.deepEqual(await layerOn('two'), first);
  assert.notDeepEqual(await layerOn('there'), first);
  const usage = await kit.builder.cache.usage();
  assert.equal(usage.length, 6, 'a record for each step, as if it had been copied');
  const again = await layerOn('two', { noCache: true });
  assert.notDeepEqual(again[0], first[0], 'a new directory, with a new time');
});

test('ADD unpacks local archives, and what it fetches only when told to', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const tar = (await collect(contextTar({ 'in/x': 'x' }), 1 << 20)).toString('latin1');
  kit.web.set('https://example.com/f.tar', { content: tar });
  const built = await kit.build(
    `FROM base
ADD archive.tar /u/
ADD --unpack=false archive.tar /kept/
COPY archive.tar /copied/
ADD plain.gz /gz/
ADD https://example.com/f.tar /web/
ADD --unpack https://example.com/f.tar /webu/
`,
    { files: { 'archive.tar': tar, 'plain.gz': gzipSync('not a tar').toString('latin1') } },
  );
  assert.equal(built.file('/u/in/x'), 'x');
  assert.equal(built.file('/kept/archive.tar'), tar);
  assert.equal(built.file('/copied/archive.tar'), tar);
  assert.notEqual(built.file('/gz/plain.gz'), undefined);
  assert.equal(built.file('/web/f.tar'), tar);
  assert.equal(built.file('/webu/in/x'), 'x');
});

test('ADD of an address asks whether it changed, and checks the checksum', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  kit.web.set('https://example.com/f', { content: '1', etag: '"1"' });
  const dockerfile = 'FROM base\nADD https://example.com/f /x/\n';
  const first = await kit.build(dockerfile);
  assert.equal(first.file('/x/f'), '1');
  assert.equal((await kit.build(dockerfile)).imageId, first.imageId);
  kit.web.set('https://example.com/f', { content: '2', etag: '"2"' });
  assert.equal((await kit.build(dockerfile)).file('/x/f'), '2');

  const checked = (sum: string) =>
    kit.build(`FROM base\nADD --checksum=${sum} https://example.com/f /x/\n`);
  await assert.rejects(checked(digestOf('other')), /digest mismatch/);
  const good = await checked(digestOf('2'));
  kit.web.clear();
  assert.equal((await checked(digestOf('2'))).imageId, good.imageId, 'nobody was asked');
  await assert.rejects(kit.build(dockerfile), { kind: 'not-found' });
});

test('ADD of a repository is keyed by its commit', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const address = 'https://example.com/r.git#main';
  const dockerfile = `FROM base\nADD ${address} /src\n`;
  kit.repositories.set(address, { commit: 'a'.repeat(40), files: { f: '1' } });
  const first = await kit.build(dockerfile);
  assert.equal(first.file('/src/f'), '1');
  kit.repositories.set(address, { commit: 'a'.repeat(40), files: { f: 'not looked at' } });
  assert.equal((await kit.build(dockerfile)).imageId, first.imageId);
  kit.repositories.set(address, { commit: 'b'.repeat(40), files: { f: '2' } });
  assert.equal((await kit.build(dockerfile)).file('/src/f'), '2');
  await assert.rejects(
    kit.build(`FROM base\nADD --checksum=cccc ${address} /src\n`),
    /expected checksum to match cccc/,
  );
  const { fetcher } = kit.ports;
  const { git } = fetcher;
  fetcher.git = async (...given) => ({ ...(await git(...given)), commit: 'd'.repeat(40) });
  await assert.rejects(kit.build(dockerfile, { noCache: true }), {
    kind: 'unavailable',
    message: /it moved from b{40} to d{40} meanwhile: build again/,
  });
});
