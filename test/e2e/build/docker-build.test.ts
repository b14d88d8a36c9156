import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

describe('docker build against the daemon', () => {
  let daemon: TestDaemon;
  let count = 0;
  before(async () => {
    daemon = await startDaemon();
    await buildBusybox(daemon);
  });
  after(() => daemon[Symbol.asyncDispose]());

  function context(files: Record<string, string>): string {
    const folder = join(daemon.folder, `context-${count++}`);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (content.startsWith('->')) symlinkSync(content.slice(2), join(folder, path));
      else writeFileSync(join(folder, path), content);
    }
    return folder;
  }

  it('prints the steps, the ids, and what was built', async () => {
    const folder = context({
      Dockerfile: 'FROM busybox\nARG A=1\nRUN echo hello $A\nCMD ["echo", "x"]\n',
    });
    const first = await daemon.docker('build', '-t', 'one', '-t', 'two:2', folder);
    assert.equal(first.code, 0, first.stderr);
    const shown = first.stdout.replace(/[0-9a-f]{12}/g, 'ID');
    assert.match(
      shown,
      /^(?:Sending build context[^\n]*\n)?Step 1\/4 : FROM busybox\n ---> ID\nStep 2\/4 : ARG A=1\n(?:.*\n)* ---> ID\nStep 3\/4 : RUN echo hello \$A\n ---> Running in ID\nhello 1\n ---> Removed intermediate container ID\n ---> ID\nStep 4\/4 : CMD \["echo", "x"\]\n(?:.*\n)* ---> ID\nSuccessfully built ID\nSuccessfully tagged one:latest\nSuccessfully tagged two:2\n$/,
    );
    const again = await daemon.docker('build', '-t', 'one', folder);
    assert.match(again.stdout, /Step 3\/4 : RUN echo hello \$A\n ---> Using cache\n/);
    assert.equal(
      await daemon.ok('build', '-q', folder),
      await daemon.ok('images', '-q', '--no-trunc', 'one'),
    );
    assert.match(await daemon.ok('run', '--rm', 'one'), /^x$/);
  });

  it('says what Docker says when a build fails', async () => {
    const cases: [dockerfile: string, args: string[], code: number, words: RegExp][] = [
      [
        'FROM busybox\nRUN exit 3\n',
        [],
        3,
        /The command '\/bin\/sh -c exit 3' returned a non-zero code: 3/,
      ],
      [
        'FROM busybox\nCOPY nope /\n',
        [],
        1,
        /COPY failed: file not found in build context or excluded by \.dockerignore: stat nope: file does not exist/,
      ],
      [
        'FROM busybox\nRUNN x\n',
        [],
        1,
        /dockerfile parse error on line 2: unknown instruction: RUNN/,
      ],
      ['FROM busybox AS a\n', ['--target', 'b'], 1, /target stage "b" could not be found/],
      ['FROM nowhere.invalid/x\n', [], 1, /nowhere\.invalid/],
    ];
    for (const [dockerfile, args, code, words] of cases) {
      const folder = context({ Dockerfile: dockerfile });
      const result = await daemon.docker('build', ...args, folder);
      assert.equal(result.code, code, result.stdout + result.stderr);
      assert.match(result.stderr, words);
    }
  });

  it('understands the client: ignore file, arguments, labels, target, limits, stdin', async () => {
    const folder = context({
      Dockerfile:
        'FROM busybox AS base\nARG WHO=nobody\nCOPY . /c\nRUN echo $WHO > /who && ls /c > /list\nFROM base AS more\nRUN echo more > /more\n',
      '.dockerignore': 'secret*\n',
      'secret.txt': 's',
      'kept.txt': 'k',
      link: '->kept.txt',
    });
    chmodSync(join(folder, 'kept.txt'), 0o750);
    await daemon.ok(
      ...['build', '-t', 'flags', '--build-arg', 'WHO=me', '--label', 'a=b', '--target', 'base'],
      ...['--memory', '200m', '--network', 'none', folder],
    );
    const run = (...args: string[]) => daemon.ok('run', '--rm', 'flags', ...args);
    assert.equal(await run('cat', '/who'), 'me');
    assert.equal(
      await run('cat', '/list'),
      ['.dockerignore', 'Dockerfile', 'kept.txt', 'link'].slice(1).join('\n'),
    );
    assert.equal(await run('stat', '-c', '%a %U', '/c/kept.txt'), '750 root');
    assert.equal((await daemon.docker('run', '--rm', 'flags', 'cat', '/more')).code, 1);
    assert.equal(await daemon.ok('inspect', '-f', '{{.Config.Labels.a}}', 'flags'), 'b');
    const piped = await daemon.run('docker', ['build', '-t', 'piped', '-'], {
      input: 'FROM busybox\nRUN echo piped > /p\n',
    });
    assert.equal(piped.code, 0, piped.stderr);
    assert.equal(await daemon.ok('run', '--rm', 'piped', 'cat', '/p'), 'piped');
  });

  it('writes the history as BuildKit does, and counts its cache', async () => {
    const folder = context({
      Dockerfile: 'FROM busybox\nENV A=b\nWORKDIR /w\nCOPY f .\nRUN echo x > y\n',
      f: 'content',
    });
    await daemon.ok('build', '-t', 'told', folder);
    const history = await daemon.ok(
      'history',
      '--no-trunc',
      '--format',
      '{{.CreatedBy}}|{{.Size}}',
      'told',
    );
    assert.deepEqual(history.split('\n').slice(0, 4), [
      'RUN /bin/sh -c echo x > y # buildkit|2B',
      'COPY f . # buildkit|7B',
      'WORKDIR /w|0B',
      'ENV A=b|0B',
    ]);
    const usage = await daemon.ok('system', 'df', '--format', '{{.Type}} {{.TotalCount}}');
    assert.match(usage, /Build Cache [1-9]/);
    const pruned = await daemon.ok('builder', 'prune', '-f', '-a');
    assert.match(pruned, /Total reclaimed space: /);
    assert.match(
      await daemon.ok('system', 'df', '--format', '{{.Type}} {{.TotalCount}}'),
      /Build Cache 0/,
    );
    assert.equal(await daemon.ok('run', '--rm', 'told', 'cat', 'y'), 'x');
  });

  it('berth build explains, keeps a failed step for a shell, and takes its cache elsewhere', async () => {
    const folder = context({ Dockerfile: 'FROM busybox\nCOPY f /f\nRUN echo x > /y\n', f: '1' });
    const build = (...args: string[]) => daemon.berth('build', '--progress', 'plain', ...args);
    await build('-t', 'explained', folder);
    writeFileSync(join(folder, 'f'), '2');
    const cache = join(daemon.folder, 'cache');
    const explained = await build(
      ...[
        '-t',
        'explained',
        '--explain',
        '--cache-to',
        `type=local,dest=${cache},mode=max`,
        folder,
      ],
    );
    assert.match(explained.stdout + explained.stderr, /"f" changed: content/);
    await daemon.ok('builder', 'prune', '-af');
    await daemon.ok('rmi', 'explained');
    const again = await build('--cache-from', `type=local,src=${cache}`, '-t', 'explained', folder);
    assert.match(again.stdout + again.stderr, /RUN echo x > \/y\n(?:.*\n)*.*CACHED/);
    assert.equal(await daemon.ok('run', '--rm', 'explained', 'cat', '/y', '/f'), 'x\n2');

    const failing = context({
      Dockerfile: 'FROM busybox\nWORKDIR /w\nRUN echo half > half; exit 7\n',
    });
    const command = `${process.cwd()}/bin/berth build --progress plain --shell-on-error ${failing}`;
    const shell = await daemon.run('script', ['-qec', command, '/dev/null'], {
      input: 'cat half; exit\n',
    });
    assert.equal(shell.code, 1);
    assert.match(shell.stdout, /exit code: 7[\s\S]*\nhalf\r*\n/);
    const without = await build('--shell-on-error', failing);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /no terminal to open a shell on/);
  });

  it('keeps its cache in the registry, by itself or in the image', async () => {
    const login = ['user', 'add', 'builder', '--admin', '--password-stdin'];
    await daemon.run(`${process.cwd()}/bin/berth`, login, { input: 'pass-word-1' });
    const docker = ['login', '-u', 'builder', '--password-stdin', daemon.registry];
    assert.equal((await daemon.run('docker', docker, { input: 'pass-word-1' })).code, 0);
    const folder = context({
      Dockerfile:
        'FROM busybox AS a\nRUN echo a > /a\nFROM busybox\nRUN echo x > /y\nCOPY --from=a /a /b\n',
    });
    const cached = async (...args: string[]) => {
      const { stdout, stderr, code } = await daemon.berth(
        'build',
        '--progress',
        'plain',
        ...args,
        folder,
      );
      assert.equal(code, 0, stderr);
      return (stdout + stderr).match(/ CACHED\n/g)?.length ?? 0;
    };
    const forget = () => daemon.ok('builder', 'prune', '-af');
    const cache = `type=registry,ref=${daemon.registry}/me/cache:main`;
    await cached('--cache-to', `${cache},mode=max`);
    await forget();
    assert.equal(await cached('--cache-from', cache), 3);
    const image = `${daemon.registry}/me/app:1`;
    await cached('-t', image, '--push', '--cache-to', 'type=inline');
    await forget();
    await daemon.ok('rmi', image);
    assert.equal(await cached('--cache-from', `type=registry,ref=${image}`), 2);
    await forget();
    assert.match(
      await daemon.ok('build', '--cache-from', image, folder),
      /RUN echo x > \/y\n ---> Using cache/,
    );
  });
});
