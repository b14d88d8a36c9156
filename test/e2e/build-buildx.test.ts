import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clientPlugin, clientWithBuildkit, installPlugins } from './harness/buildkit-clients.ts';
import { buildBusybox } from './harness/busybox.ts';
import { capture, startDaemon, type TestDaemon } from './harness/daemon.ts';

const buildx = clientPlugin('docker-buildx');
const compose = clientPlugin('docker-compose');
const old = clientWithBuildkit();

describe('docker buildx and compose', {
  skip: buildx ? false : 'no docker-buildx plugin here: DOCKER_PLUGINS may name its folder',
}, () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await startDaemon();
    installPlugins(join(daemon.folder, 'client'), [buildx!, ...(compose ? [compose] : [])]);
    await buildBusybox(daemon);
  });
  after(() => daemon[Symbol.asyncDispose]());

  const docker = (...args: string[]) =>
    capture('docker', args, { env: { ...daemon.env, DOCKER_BUILDKIT: '1' } });
  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await docker(...args);
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  }
  function folderOf(name: string, files: Record<string, string>): string {
    const folder = join(daemon.folder, name);
    mkdirSync(folder, { recursive: true });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    return folder;
  }

  it('named contexts, options of steps, metadata, archives', async () => {
    const named = folderOf('named', { n: 'from named\n' });
    const folder = folderOf('main', {
      Dockerfile: [
        'FROM img',
        'COPY --from=files n /n',
        'RUN cat /n; grep myhost /etc/hosts; ulimit -n',
      ].join('\n'),
    });
    const metadata = join(daemon.folder, 'metadata.json');
    const archive = join(daemon.folder, 'image.tar');
    const text = await ok(
      ...['buildx', 'build', '--progress=plain', '--build-context', `files=${named}`],
      ...['--build-context', 'img=docker-image://busybox', '--add-host', 'myhost:1.2.3.4'],
      ...['--ulimit', 'nofile=123:456', '--metadata-file', metadata, '-t', 'meta:1', folder],
    );
    for (const line of [/ from named$/m, /1\.2\.3\.4\s+myhost$/m, / 123$/m]) {
      assert.match(text, line);
    }
    const found = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, string>;
    const id = await daemon.ok('images', '-q', '--no-trunc', 'meta:1');
    assert.equal(found['containerimage.config.digest'], id);
    assert.equal(found['image.name'], 'meta:1');
    const plain = folderOf('plain', { Dockerfile: 'FROM busybox\nRUN true\n' });
    for (const type of ['docker', 'oci']) {
      await ok(...['buildx', 'build', '-o', `type=${type},dest=${archive}`, '-t', 'x:y', plain]);
      assert.match(execFileSync('tar', ['-tf', archive]).toString(), /^oci-layout$/m);
    }
  });

  it('an OCI layout as a context, lent over the session', async () => {
    const base = folderOf('layout-base', { Dockerfile: 'FROM busybox\nRUN echo lent > /lent\n' });
    const archive = join(daemon.folder, 'layout.tar');
    const layout = folderOf('layout', {});
    await ok('buildx', 'build', '-o', `type=oci,dest=${archive}`, '-t', 'lent:1', base);
    execFileSync('tar', ['-C', layout, '-xf', archive]);
    const folder = folderOf('on-layout', { Dockerfile: 'FROM start\nRUN cat /lent\n' });
    const context = ['--build-context', `start=oci-layout://${layout}:1`];
    const text = await ok('buildx', 'build', '--progress=plain', '--no-cache', ...context, folder);
    assert.match(text, /^#\d+ \d+\.\d+ lent$/m);
  });

  it('checks, and refuses what is not had', async () => {
    const cacheFolder = join(daemon.folder, 'cache');
    const folder = folderOf('odd', { Dockerfile: 'FROM busybox\nCMD echo shell\n' });
    const check = await docker('buildx', 'build', '--check', folder);
    assert.equal(check.code, 1);
    assert.match(check.stdout + check.stderr, /WARNING: JSONArgsRecommended/);
    for (const [args, words] of [
      [['--platform', 'linux/amd64,linux/arm64'], /one platform at a time is built here/],
      [['--provenance=true'], /Attestations are not supported/],
      [['--cache-to', `type=local,dest=${cacheFolder}`], /type=local is not supported/],
    ] as const) {
      const refused = await docker('buildx', 'build', ...args, folder);
      assert.equal(refused.code, 1);
      assert.match(refused.stdout + refused.stderr, words);
    }
  });

  it('says what a Dockerfile takes, and which targets it has', async () => {
    const folder = folderOf('outlined', {
      Dockerfile: [
        '# VERSION what to build\nARG VERSION=1\nFROM busybox AS base\nARG VERSION',
        '# last is the one\nFROM base AS last\nRUN --mount=type=secret,id=tok,required true\n',
      ].join('\n'),
    });
    const outline = await ok('buildx', 'build', '--call=outline', folder);
    assert.match(outline, /^TARGET: +last\nDESCRIPTION: is the one$/m);
    assert.match(outline, /^VERSION +1 +what to build$/m);
    assert.match(outline, /^tok +true$/m);
    const targets = await ok('buildx', 'build', '--call=targets', folder);
    assert.match(targets, /^base +\nlast \(default\) is the one$/m);
  });

  it('keeps a history of its builds, over a crash', async () => {
    const folder = folderOf('recorded', {
      Dockerfile: 'FROM busybox AS good\nRUN echo remembered\nFROM good AS bad\nRUN exit 3\n',
    });
    await ok('buildx', 'history', 'rm', '--all');
    await ok('buildx', 'build', '--target=good', '--build-arg', 'A=1', folder);
    assert.equal((await docker('buildx', 'build', '--target=bad', folder)).code, 1);
    await ok('buildx', 'build', '--call=targets', folder);
    if (old) {
      // A client of another protocol, with a build that goes before the others.
      const args = [
        'build',
        '--label',
        'by=old',
        folderOf('by-old', { Dockerfile: 'FROM busybox\n' }),
      ];
      const env = { ...daemon.env, DOCKER_BUILDKIT: '1' };
      assert.equal((await capture(old, args, { env })).code, 0);
      const ls = await ok('buildx', 'history', 'ls');
      const [, ref = ''] = ls.split('\n').map((line) => line.split(' ')[0]!);
      assert.match(await ok('buildx', 'history', 'inspect', ref), /^LABEL\s+VALUE\nby\s+old$/m);
      await ok('buildx', 'history', 'rm', ref);
    }
    await daemon.kill();
    await daemon.start();
    const listed = await ok('buildx', 'history', 'ls');
    assert.match(listed, /Error[^\n]*\n[^\n]*Completed[^\n]*\n$/);
    const [, refBad = '', refGood = ''] = listed.split('\n').map((line) => line.split(' ')[0]!);
    assert.match(await ok('buildx', 'history', 'logs', refGood), /^#\d+ \d+\.\d+ remembered$/m);
    assert.match(await ok('buildx', 'history', 'inspect', refGood), /^BUILD ARG\s+VALUE\nA\s+1$/m);
    const failed = await ok('buildx', 'history', 'inspect', refBad);
    assert.match(failed, /^Error:\s+Unknown process .*exit code: 3$/m);
    assert.match(failed, /^ +4 \| >>> RUN exit 3$/m);
    await ok('buildx', 'history', 'rm', refBad);
    assert.doesNotMatch(await ok('buildx', 'history', 'ls'), new RegExp(refBad));
  });

  it('tells of the builder, its disk and what it frees', async () => {
    assert.match(await ok('buildx', 'inspect'), /Status:\s+running/);
    await ok('buildx', 'build', folderOf('kept', { Dockerfile: 'FROM busybox\nRUN echo kept\n' }));
    assert.match(await ok('buildx', 'du'), /Total:/);
    const told = await ok('buildx', 'du', '--verbose', '--filter', 'type=regular');
    assert.match(told, /Mutable: +false[\s\S]*Description: +RUN echo kept\n/);
    const [, id = ''] = /^ID: +(\S+)/m.exec(told) ?? [];
    assert.match(await ok('buildx', 'du', '--filter', `id=${id.slice(0, 12)}`), new RegExp(id));
    assert.match(await ok('buildx', 'prune', '-af', '--filter', `id=${id}`), new RegExp(id));
    assert.doesNotMatch(await ok('buildx', 'du'), new RegExp(id));
    assert.match(await ok('buildx', 'prune', '-af'), /Total:/);
    assert.doesNotMatch(await ok('buildx', 'du'), /RUN echo kept/);
  });

  it('pushes, and keeps its cache in a registry, logged in as its client is', async () => {
    const added = await daemon.run(
      join(import.meta.dirname, '../../bin/berth'),
      ['user', 'add', 'pusher', '--admin', '--password-stdin'],
      { input: 'secret-pass' },
    );
    assert.equal(added.code, 0, added.stderr);
    await ok('login', daemon.registry, '-u', 'pusher', '-p', 'secret-pass');
    const folder = folderOf('pushed', { Dockerfile: 'FROM busybox\nRUN echo pushed > /p\n' });
    const name = `${daemon.registry}/pusher/app:1`;
    const cache = `type=registry,ref=${daemon.registry}/pusher/cache`;
    await ok(
      ...['buildx', 'build', '--push', '-t', name, '--cache-to', `${cache},mode=max`, folder],
    );
    await daemon.ok('rmi', name);
    await ok('buildx', 'prune', '-af');
    const again = await ok(
      ...['buildx', 'build', '--progress=plain', '--cache-from', cache, '-t', name, folder],
    );
    assert.match(again, /RUN echo pushed[^\n]*\n#\d+ CACHED/);
    await daemon.ok('rmi', name);
    assert.equal(await daemon.ok('run', '--rm', name, 'cat', '/p'), 'pushed');
  });

  it('bake: targets that stand on others', async () => {
    const folder = folderOf('bake', {
      base: 'FROM busybox\nENV FROM_BASE=yes\nRUN echo base > /base\n',
      top: 'FROM base\nRUN cat /base; echo "env $FROM_BASE"\n',
      'docker-bake.json': JSON.stringify({
        target: {
          base: { dockerfile: 'base' },
          default: { dockerfile: 'top', contexts: { base: 'target:base' }, tags: ['baked'] },
        },
      }),
    });
    const baked = await capture('docker', ['buildx', 'bake', '--progress=plain'], {
      env: { ...daemon.env, BUILDX_BAKE_ENTITLEMENTS_FS: '0' },
      cwd: folder,
    });
    assert.equal(baked.code, 0, baked.stderr);
    assert.match(baked.stderr, /^#\d+ \d+\.\d+ env yes$/m);
    assert.equal(await daemon.ok('run', '--rm', 'baked', 'cat', '/base'), 'base');
    assert.doesNotMatch(await daemon.ok('images', '-a'), /berth-result/);
  });

  it('compose builds and runs', {
    skip: compose ? false : 'no docker-compose plugin',
  }, async () => {
    const project = join(daemon.folder, 'shop');
    for (const service of ['web', 'db']) mkdirSync(join(project, service), { recursive: true });
    writeFileSync(
      join(project, 'web/Dockerfile'),
      'FROM busybox\nCOPY page /page\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /n\nCMD ["sleep", "1000"]\n',
    );
    writeFileSync(join(project, 'web/page'), 'hello');
    writeFileSync(
      join(project, 'db/Dockerfile'),
      'FROM busybox\nARG A\nRUN echo $A > /a\nCMD ["sleep", "1000"]\n',
    );
    writeFileSync(join(project, 'token'), '1234567');
    writeFileSync(
      join(project, 'compose.yaml'),
      JSON.stringify({
        services: {
          web: { build: { context: 'web', secrets: ['token'] } },
          db: { build: { context: 'db', args: { A: 'two' } }, image: 'shop-db:1' },
        },
        secrets: { token: { file: './token' } },
      }),
    );
    const run = (...args: string[]) =>
      ok('compose', '--project-directory', project, '-f', join(project, 'compose.yaml'), ...args);
    await run('up', '-d', '--build');
    assert.match(await run('exec', '-T', 'web', 'cat', '/page', '/n'), /^hello7$/m);
    assert.match(await run('exec', '-T', 'db', 'cat', '/a'), /^two$/m);
    await run('down', '-t', '0');
  });
});
