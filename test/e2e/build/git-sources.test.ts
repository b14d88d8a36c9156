import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRepository, type GitServer, startGitServer } from '../../contract/git-server.ts';
import { clientWithBuildkit } from '../harness/buildkit-clients.ts';
import { buildBusybox } from '../harness/busybox.ts';
import { capture, freePort, startDaemon, type TestDaemon } from '../harness/daemon.ts';

const token = 'tok3n-of-the-client';
const password = 'pa55-of-the-address';
const old = clientWithBuildkit();

describe('private repositories', () => {
  let daemon: TestDaemon;
  let server: GitServer;
  let folder: string;
  const stop: (() => void)[] = [];
  before(async () => {
    daemon = await startDaemon();
    await buildBusybox(daemon);
    folder = join(daemon.folder, 'git');
    const { folder: path, git } = createRepository(join(folder, 'private.git'));
    writeFileSync(join(path, 'Dockerfile'), 'FROM busybox\nCOPY file /\nCMD ["cat", "/file"]\n');
    writeFileSync(join(path, 'file'), 'of the repository');
    git('add', '.');
    git('commit', '-qm', 'one');
    server = await startGitServer(folder);
    writeFileSync(join(folder, 'token'), `${token}\n`);
  });
  after(async () => {
    for (const end of stop) end();
    await server[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  const adding = (name: string, source: string) => {
    const context = join(daemon.folder, name);
    mkdirSync(context);
    const dockerfile = `FROM busybox\nADD --keep-git-dir=true ${source} /r\nCMD ["cat", "/r/file"]\n`;
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    return context;
  };

  /** The clients that speak for what they lend, up to their options. */
  const clients: [name: string, build: (...args: string[]) => ReturnType<typeof capture>][] = [
    ['berth', (...args) => daemon.berth('build', '--progress=plain', ...args)],
  ];
  if (old) {
    const env = () => ({ ...daemon.env, DOCKER_BUILDKIT: '1' });
    clients.push([
      'docker 20.10',
      (...args) => capture(old, ['build', '--progress=plain', ...args], { env: env() }),
    ]);
  }

  /** None of the words may stand in what the daemon keeps of a build, or tells of it. */
  async function assertNoTrace(image: string, words: readonly string[], told: string) {
    const history = await daemon.ok('history', '--no-trunc', image);
    const inspected = await daemon.ok('image', 'inspect', image);
    const config = await daemon.ok('run', '--rm', image, 'cat', '/r/.git/config');
    const root = join(daemon.folder, 'root');
    const kept = readdirSync(root)
      .filter((name) => name.startsWith('berth.db'))
      .map((name) => readFileSync(join(root, name), 'latin1'));
    assert.ok(kept.length > 0);
    for (const text of [history, inspected, config, told, daemon.log(), ...kept]) {
      for (const word of words) assert.ok(!text.includes(word), `${word} shows in ${text}`);
    }
  }

  for (const [name, build] of clients) {
    it(`${name}: a token opens a context and an ADD, and nothing else has it`, async () => {
      server.wantedLogin = `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
      const address = server.address('private.git');
      const secret = ['--secret', `id=GIT_AUTH_TOKEN,src=${join(folder, 'token')}`];
      const refused = await build(address);
      assert.notEqual(refused.code, 0);
      assert.match(
        refused.stderr,
        /failed to fetch remote http:\S+\/private\.git: git fetch: fatal: /,
      );

      const image = `token-${name.replace(' ', '-')}`;
      const context = await build('-t', `${image}-context`, ...secret, address);
      assert.equal(context.code, 0, context.stderr);
      assert.equal(await daemon.ok('run', '--rm', `${image}-context`), 'of the repository');
      const added = await build('-t', image, ...secret, adding(image, address));
      assert.equal(added.code, 0, added.stderr);
      assert.equal(await daemon.ok('run', '--rm', image), 'of the repository');
      await assertNoTrace(image, [token], added.stdout + added.stderr);
    });

    it(`${name}: the login of an address shows nowhere`, async () => {
      server.wantedLogin = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`;
      const address = server.address('private.git').replace('//', `//user:${password}@`);
      const image = `login-${name.replace(' ', '-')}`;
      const { code, stdout, stderr } = await build('-t', image, adding(image, address));
      assert.equal(code, 0, stderr);
      await assertNoTrace(image, [password], stdout + stderr);
    });
  }

  it('an agent opens what is reached over ssh; the server must stay the same', async () => {
    const ssh = await startSshServer();
    const address = `ssh://root@127.0.0.1:${ssh.port}${join(folder, 'private.git')}`;
    for (const [name, build] of clients) {
      const image = `ssh-${name.replace(' ', '-')}`;
      const context = adding(image, address);
      const refused = await build(context);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /Permission denied/);
      const { code, stderr } = await build(
        '-t',
        image,
        '--ssh',
        `default=${ssh.agentPath}`,
        context,
      );
      assert.equal(code, 0, stderr);
      assert.equal(await daemon.ok('run', '--rm', image), 'of the repository');
    }
    const knownHosts = join(daemon.folder, 'root/known_hosts');
    const [known] = readFileSync(knownHosts, 'utf8').match(/ssh-ed25519 \S+/) ?? [];
    writeFileSync(
      knownHosts,
      readFileSync(knownHosts, 'utf8').replaceAll(known!, ssh.otherHostKey),
    );
    const [, build] = clients[0]!;
    const context = join(daemon.folder, 'ssh-berth');
    const { code, stderr } = await build(
      '--no-cache',
      '--ssh',
      `default=${ssh.agentPath}`,
      context,
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /Host key verification failed/);
  });

  /** An sshd that takes one key, which an agent has. */
  async function startSshServer() {
    const keyAt = (name: string) => {
      const path = join(folder, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
      return { path, shown: readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ') };
    };
    const [host, other, user] = [keyAt('host'), keyAt('other'), keyAt('user')];
    const port = await freePort();
    mkdirSync('/run/sshd', { recursive: true });
    const settings = [
      `HostKey=${host.path}`,
      `AuthorizedKeysFile=${user.path}.pub`,
      ...['StrictModes=no', 'UsePAM=no', 'PermitRootLogin=yes', 'PidFile=none'],
      'PasswordAuthentication=no',
      `ListenAddress=127.0.0.1:${port}`,
    ];
    const options = ['-D', '-e', '-f', '/dev/null', ...settings.flatMap((one) => ['-o', one])];
    const sshd = spawn('/usr/sbin/sshd', options, { stdio: 'ignore' });
    stop.push(() => sshd.kill());
    const agentPath = join(folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', agentPath], { stdio: 'ignore' });
    stop.push(() => agent.kill());
    const add = () =>
      capture('ssh-add', ['-q', user.path], { env: { ...process.env, SSH_AUTH_SOCK: agentPath } });
    for (let tries = 0; (await add()).code !== 0; tries++) {
      if (tries > 100) throw new Error('ssh-agent did not start');
      await sleep(50);
    }
    return { port, agentPath, otherHostKey: other.shown };
  }
});
