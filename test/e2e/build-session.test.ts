import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clientPlugin, clientWithBuildkit, installPlugins } from './harness/buildkit-clients.ts';
import { buildBusybox } from './harness/busybox.ts';
import { capture, type Result, startDaemon, type TestDaemon } from './harness/daemon.ts';

const buildx = clientPlugin('docker-buildx');
const old = clientWithBuildkit();

/** Clients of BuildKit on this machine: the command up to `build`. */
const clients: { name: string; command: string[] | undefined; missing: string }[] = [
  {
    name: 'docker 20.10 with DOCKER_BUILDKIT=1',
    command: old ? [old] : undefined,
    missing: 'no docker client of version 20.10 here',
  },
  {
    name: 'docker buildx',
    command: buildx ? ['docker', 'buildx'] : undefined,
    missing: 'no docker-buildx plugin here: DOCKER_PLUGINS may name its folder',
  },
];

for (const { name, command, missing } of clients) {
  describe(name, { skip: command ? false : missing }, () => {
    let daemon: TestDaemon;
    let count = 0;
    before(async () => {
      daemon = await startDaemon();
      if (buildx) installPlugins(join(daemon.folder, 'client'), [buildx]);
      await buildBusybox(daemon);
    });
    after(() => daemon[Symbol.asyncDispose]());

    const env = () => ({ ...daemon.env, DOCKER_BUILDKIT: '1' });
    const whole = (args: readonly string[]) => [
      ...command!.slice(1),
      ...['build', '--progress=plain'],
      ...args,
    ];

    /** Both outputs together; the two kinds of clients use different ones. */
    async function build(
      args: readonly string[],
      options: { input?: string; cwd?: string } = {},
    ): Promise<Result & { text: string }> {
      const result = await capture(command![0]!, whole(args), { env: env(), ...options });
      return { ...result, text: result.stdout + result.stderr };
    }

    async function built(...args: string[]): Promise<string> {
      const { code, text } = await build(args);
      assert.equal(code, 0, text);
      return text;
    }

    function context(files: Record<string, string>): string {
      const folder = join(daemon.folder, `context-${count++}`);
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
      return folder;
    }

    it('builds, tells it as BuildKit does, and knows the second time', async () => {
      const folder = context({
        Dockerfile: 'FROM busybox\nARG A=1\nCOPY f /f\nRUN echo "hello $A"\nCMD ["cat", "/f"]\n',
        f: 'the file',
      });
      const iid = join(daemon.folder, 'iid');
      const args = ['-t', 'one:1', '-t', 'two', '--iidfile', iid, '--build-arg', 'A=2', folder];
      const first = await built(...args);
      for (const line of [
        /^#\d+ \[internal\] load build definition from Dockerfile$/m,
        /^#\d+ transferring dockerfile: \d+B (\d+\.\d+s )?done$/m,
        /^#\d+ \[internal\] load metadata for docker.io\/library\/busybox:latest$/m,
        /^#\d+ \[1\/3\] FROM docker.io\/library\/busybox:latest$/m,
        /^#\d+ \[internal\] load build context$/m,
        /^#\d+ \[2\/3\] COPY f \/f$/m,
        /^#\d+ \[3\/3\] RUN echo "hello 2"$/m,
        /^#\d+ \d+\.\d+ hello 2$/m,
        /^#\d+ exporting to image$/m,
        /^#\d+ writing image sha256:[0-9a-f]{64}/m,
        /^#\d+ naming to docker.io\/library\/one:1/m,
        /^#\d+ naming to docker.io\/library\/two:latest/m,
      ]) {
        assert.match(first, line);
      }
      assert.equal(
        readFileSync(iid, 'utf8').trim(),
        await daemon.ok('images', '-q', '--no-trunc', 'one:1'),
      );
      assert.equal(await daemon.ok('run', '--rm', 'two'), 'the file');
      assert.match(
        await built(...args),
        /\[3\/3\] RUN [^\n]*\n(?:#\d+ sha256[^\n]*\n)?#\d+ CACHED/,
      );
    });

    it('sends what changed and nothing else', async () => {
      const folder = context({ Dockerfile: 'FROM busybox\nCOPY . /c\nRUN cat /c/small\n' });
      writeFileSync(join(folder, 'large'), Buffer.alloc(5_000_000, 'x'));
      writeFileSync(join(folder, 'small'), 'first\n');
      const sent = (text: string) =>
        /transferring context: (\S+) (?:\d+\.\d+s )?done/.exec(text)?.[1];
      assert.match(sent(await built(folder)) ?? '', /^5\.\d+MB$/);
      writeFileSync(join(folder, 'small'), 'second\n');
      const again = await built(folder);
      assert.match(again, /^#\d+ \d+\.\d+ second$/m);
      assert.match(sent(again) ?? '', /^\d+B$/);
    });

    it('leaves out what the ignore files name', async () => {
      const files = { a: 'a', b: 'b', '.dockerignore': 'a\n' };
      const dockerfile = 'FROM busybox\nCOPY . /c\nRUN ls -A /c\n';
      const plain = await built(context({ ...files, Dockerfile: dockerfile }));
      assert.match(plain, /^#\d+ \d+\.\d+ b$/m);
      assert.doesNotMatch(plain, /^#\d+ \d+\.\d+ a$/m);
      const folder = context({ ...files, 'x/Df': dockerfile, 'x/Df.dockerignore': 'b\n' });
      const own = await built('-f', join(folder, 'x/Df'), folder);
      assert.match(own, /^#\d+ \d+\.\d+ a$/m);
      assert.doesNotMatch(own, /^#\d+ \d+\.\d+ b$/m);
    });

    it('fails with the place in the Dockerfile', async () => {
      for (const [dockerfile, words] of [
        [
          'FROM busybox\nRUN echo before; exit 3\n',
          /process "\/bin\/sh -c echo before; exit 3" did not complete successfully: exit code: 3/,
        ],
        ['FROM busybox\nCOPY nope /\n', /"\/nope": not found/],
        ['FROM busybox\nRUNX true\n', /unknown instruction: RUNX/],
        ['FROM nowhere.invalid/x\nRUN true\n', /nowhere\.invalid/],
      ] as const) {
        const { code, text } = await build([context({ Dockerfile: dockerfile })]);
        assert.equal(code, 1, text);
        assert.match(text, words);
        if (!dockerfile.includes('invalid')) assert.match(text, /^ +2 \| >>> (RUN|COPY)/m);
      }
      const missing = await build(['-f', 'Nope', context({ f: '' })]);
      assert.notEqual(missing.code, 0);
      assert.match(missing.text, /Nope/);
    });

    it('lends secrets and an ssh agent', async () => {
      const folder = context({
        Dockerfile: [
          'FROM busybox',
          'RUN --mount=type=secret,id=token cat /run/secrets/token',
          'RUN --mount=type=secret,id=none [ ! -e /run/secrets/none ]',
          'RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo agent there',
        ].join('\n'),
        token: 'hunter2\n',
      });
      const socket = join(daemon.folder, 'agent.sock');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'pipe' });
      // It names its socket once it listens.
      await once(agent.stdout, 'data');
      const secret = ['--secret', `id=token,src=${join(folder, 'token')}`];
      const text = await built(...secret, '--ssh', `default=${socket}`, folder);
      assert.match(text, /^#\d+ \d+\.\d+ hunter2$/m);
      assert.match(text, /^#\d+ \d+\.\d+ agent there$/m);
      const refused = await build([
        context({ Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=x,required cat /x\n' }),
      ]);
      assert.match(refused.text, /secret x: not found/);
      agent.kill();
      await once(agent, 'close');
    });

    it('stops a step when its client is interrupted', async () => {
      const folder = context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 7654\n' });
      const child = spawn(command![0]!, whole([folder]), { env: env() });
      let text = '';
      const begun = new Promise<void>((resolve) => {
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (data) => {
            text += data;
            if (/\d begun/.test(text)) resolve();
          });
        }
      });
      await begun;
      const isRunning = () =>
        execFileSync('sh', ['-c', 'ps -A -o args | grep -c "[s]leep 7654" || true'])
          .toString()
          .trim() !== '0';
      assert.ok(isRunning());
      child.kill('SIGINT');
      await once(child, 'close');
      for (let turn = 0; isRunning(); turn++) {
        assert.ok(turn < 100, 'the step still runs');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal((await daemon.docker('info')).code, 0);
    });

    it('gives its result as files', async () => {
      const folder = context({ Dockerfile: 'FROM scratch\nCOPY f /dir/f\n', f: 'content' });
      const out = join(daemon.folder, 'out');
      await built('-o', out, folder);
      assert.deepEqual(readdirSync(join(out, 'dir')), ['f']);
      assert.equal(readFileSync(join(out, 'dir/f'), 'utf8'), 'content');
      const tar = join(daemon.folder, 'out.tar');
      await built('-o', `type=tar,dest=${tar}`, folder);
      assert.match(execFileSync('tar', ['-tf', tar]).toString(), /^dir\/f$/m);
      rmSync(out, { recursive: true });
    });

    it('takes a context or a Dockerfile from standard input', async () => {
      const folder = context({ Dockerfile: 'FROM busybox\nCOPY f /f\nRUN cat /f\n', f: 'piped' });
      const args = command!
        .concat(whole(['-t', 'piped', '-']).slice(command!.length - 1))
        .join(' ');
      const piped = await capture('sh', ['-c', `tar -C ${folder} -c . | ${args}`], { env: env() });
      assert.equal(piped.code, 0, piped.stdout + piped.stderr);
      assert.equal(await daemon.ok('run', '--rm', 'piped', 'cat', '/f'), 'piped');
      const file = await build(['-f', '-', folder], {
        input: 'FROM busybox\nCOPY f /g\nRUN cat /g; echo from stdin\n',
      });
      assert.match(file.text, /from stdin/);
      const alone = await build(['-'], { input: 'FROM busybox\nRUN echo alone\n' });
      assert.match(alone.text, /^#\d+ \d+\.\d+ alone$/m);
    });

    it('builds several at once over as many sessions', async () => {
      const folders = [1, 2, 3, 4].map((n) =>
        context({ Dockerfile: 'FROM busybox\nCOPY n /\nRUN cat /n\n', n: `number ${n}\n` }),
      );
      const texts = await Promise.all(folders.map((folder) => built(folder)));
      for (const [index, text] of texts.entries()) {
        assert.match(text, new RegExp(`number ${index + 1}$`, 'm'));
      }
    });
  });
}
