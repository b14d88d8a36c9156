import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  createRepository,
  type GitServer,
  startGitServer,
} from '../../../test/contract/git-server.ts';
import type { RemoteAccess } from '../../build/index.ts';
import { createGitFetcher } from './fetch-git.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-git-'));
const commits: Record<string, string> = {};
let server: GitServer;
const address = () => server.address('private.git');

before(async () => {
  const { folder, git } = createRepository(join(root, 'repositories/private.git'));
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub/inner'), 'one');
  symlinkSync('/etc', join(folder, 'outside'));
  git('add', '.');
  git('commit', '-qm', 'one');
  commits.one = git('rev-parse', 'HEAD');
  git('tag', '-am', 'annotated', 'v1');
  writeFileSync(join(folder, 'file'), 'two');
  git('add', '.');
  git('commit', '-qm', 'two');
  commits.two = git('rev-parse', 'HEAD');
  git('branch', 'work', commits.one);
  server = await startGitServer(join(root, 'repositories'));
});
after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const fetcher = createGitFetcher(join(root, 'known_hosts'));
const { signal } = new AbortController();
const lend = (lent: Partial<RemoteAccess> = {}): RemoteAccess => ({
  authorization: async () => undefined,
  agent: async () => undefined,
  ...lent,
});
const commitOf = (what: string, access = lend()) => fetcher.commitOf(what, { access, signal });
let count = 0;
async function fetched(what: string, { access = lend(), keepGitDir = false } = {}) {
  const directory = join(root, 'work', String(count++));
  mkdirSync(directory, { recursive: true });
  const { commit } = await fetcher.git(what, { directory, keepGitDir, access, signal });
  return { directory, commit, names: readdirSync(directory).sort() };
}

test('refs lead to commits, an annotated tag to the one it is put on', async () => {
  for (const [ref, commit] of [
    ['', 'two'],
    ['#main', 'two'],
    ['#work', 'one'],
    ['#v1', 'one'],
    ['#refs/heads/work', 'one'],
    ['?ref=v1', 'one'],
  ] as const) {
    assert.equal(await commitOf(address() + ref), commits[commit], ref);
  }
  assert.equal(await commitOf(`${address()}#${'a'.repeat(40)}`), 'a'.repeat(40));
  await assert.rejects(commitOf(`${address()}#none`), {
    kind: 'not-found',
    message: /repository does not contain ref none$/,
  });
});

test('the files of a commit, of its folder, with and without its history', async () => {
  assert.deepEqual((await fetched(address())).names, ['file', 'outside', 'sub']);
  const { commit, names } = await fetched(`${address()}#v1:sub`);
  assert.deepEqual([commit, names], [commits.one, ['inner']]);
  assert.deepEqual((await fetched(`${address()}#${commits.one}`)).names, ['outside', 'sub']);
  const kept = await fetched(`${address()}#work`, { keepGitDir: true });
  assert.deepEqual(kept.names, ['.git', 'outside', 'sub']);
  for (const [folder, message] of [
    ['none', /there is no folder "none"$/],
    ['outside', /the folder leads out of the repository$/],
    ['../..', /the folder leads out of the repository$/],
  ] as const) {
    await assert.rejects(fetched(`${address()}#main:${folder}`), { kind: 'invalid', message });
  }
  assert.deepEqual(
    readdirSync(join(root, 'work')).filter((name) => name.startsWith('.git-')),
    [],
    'nothing is left behind',
  );
});

test('a login of the client opens what is private', async () => {
  server.wantedLogin = 'basic c2VjcmV0';
  const asked: string[] = [];
  const access = lend({
    async authorization(service, host) {
      asked.push(`${service} ${host}`);
      return server.wantedLogin;
    },
  });
  try {
    await assert.rejects(commitOf(address()), {
      kind: 'unavailable',
      message:
        /^failed to fetch remote http:\S+private\.git: git ls-remote: fatal: could not read Username/,
    });
    assert.equal(await commitOf(address(), access), commits.two);
    const { directory } = await fetched(address(), { access, keepGitDir: true });
    assert.ok(!readFileSync(join(directory, '.git/config'), 'utf8').includes('c2VjcmV0'));
    assert.deepEqual(asked, Array(2).fill(`git ${new URL(address()).host}`));
    const twoLines = lend({ authorization: async () => 'a\r\nHost: b' });
    await assert.rejects(commitOf(address(), twoLines), { kind: 'invalid' });
  } finally {
    server.wantedLogin = undefined;
  }
});

test('the login of an address opens what is private, and shows nowhere', async () => {
  server.wantedLogin = `Basic ${Buffer.from('user:pa55').toString('base64')}`;
  try {
    const own = address().replace('//', '//user:pa55@');
    assert.equal(await commitOf(own), commits.two);
    const { directory } = await fetched(own, { keepGitDir: true });
    const config = readFileSync(join(directory, '.git/config'), 'utf8');
    assert.match(config, /url = http:\/\/xxxxx:xxxxx@127/);
    server.wantedLogin = 'another';
    for (const work of [() => commitOf(own), () => fetched(own)]) {
      await assert.rejects(work, ({ message }: Error) => {
        assert.match(message, /^failed to fetch remote http:\/\/xxxxx:xxxxx@127/);
        assert.ok(!message.includes('pa55'), message);
        return true;
      });
    }
  } finally {
    server.wantedLogin = undefined;
  }
});

test('no agent or key is lent but the client gave one', async () => {
  let closed = 0;
  const access = lend({
    authorization: () => assert.fail('asked for a login'),
    agent: async () => ({
      socketPath: join(root, 'no-agent'),
      async [Symbol.asyncDispose]() {
        closed++;
      },
    }),
  });
  // Nobody listens there: the agent is asked for, the connection fails, and the agent is closed.
  for (const remote of ['ssh://git@127.0.0.1:1/x.git', 'git@127.0.0.1.invalid:x.git']) {
    await assert.rejects(commitOf(remote, access), { kind: 'unavailable' });
  }
  assert.equal(closed, 2);
});

test('a git address that git would take for an option', async () => {
  await assert.rejects(commitOf('https://h/r.git#--x'), /may not begin with "-"/);
  await assert.rejects(commitOf('--upload-pack=x'), /not a git address/);
  assert.ok(!existsSync(join(root, 'known_hosts')));
});
