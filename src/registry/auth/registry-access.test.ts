import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { RepositoryName } from '../repository-name.ts';
import type { Access, AccessControl, Action } from '../server/access-control.ts';
import { hashPassword } from './passwords.ts';
import { createRegistryAccess } from './registry-access.ts';
import { defaultPolicy } from './rights.ts';
import { loadSigningKey } from './signing-key.ts';
import { memoryUsers, type Users, userAccounts } from './users.ts';

const origin = 'https://registry.test';
const clientAddress = '10.0.0.1';
const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const on = (name: string, ...actions: Action[]): Access[] =>
  actions.map((action) => ({ type: 'repository', name: name as RepositoryName, action }));
const catalog: Access[] = [{ type: 'registry', name: 'catalog', action: '*' }];
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

const [rootHash, bobHash] = await Promise.all([hashPassword('rootpw'), hashPassword('bobpw')]);

let users: Users;
let access: AccessControl;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.now();
  users = memoryUsers();
  await users.save({ name: 'root', passwordHash: rootHash, admin: true });
  await users.save({ name: 'bob', passwordHash: bobHash, admin: false });
  await users.grant('bob', { pattern: 'team/*', actions: ['pull', 'push'] });
  access = accessWith({ pull: false, push: false });
});

function accessWith(anonymous: { pull: boolean; push: boolean }): AccessControl {
  const policy = defaultPolicy(anonymous);
  return createRegistryAccess({ users, policy, key, service: 'berth', now: () => nowMs });
}

const ask = (authorization: string | undefined, needs: readonly Access[]) =>
  access.authorize({ authorization, clientAddress, origin, needs });

async function tokenReply(
  parameters: Record<string, string>,
  { authorization, method = 'GET' }: { authorization?: string; method?: 'GET' | 'POST' } = {},
) {
  const form = new URLSearchParams(parameters);
  const reply = await access.token({
    authorization,
    clientAddress,
    origin,
    parameters: form,
    method,
  });
  return { ...reply, body: reply.body as Record<string, string> };
}

async function bearer(scope: string, authorization?: string): Promise<string> {
  const { status, body } = await tokenReply({ scope, service: 'berth' }, { authorization });
  assert.equal(status, 200);
  return `Bearer ${body.token}`;
}

describe('without credentials', () => {
  test('the challenge says where to get a token, and for what', async () => {
    assert.deepEqual(await ask(undefined, on('a/b', 'pull', 'push')), {
      kind: 'challenged',
      wwwAuthenticate:
        'Bearer realm="https://registry.test/token",service="berth",scope="repository:a/b:pull,push"',
      message: 'authentication required',
    });
    assert.deepEqual(await ask(undefined, []), {
      kind: 'challenged',
      wwwAuthenticate: 'Bearer realm="https://registry.test/token",service="berth"',
      message: 'authentication required',
    });
  });

  test('anonymous pull needs no token, and has one all the same', async () => {
    access = accessWith({ pull: true, push: false });
    assert.equal((await ask(undefined, on('a', 'pull'))).kind, 'granted');
    assert.equal((await ask(undefined, on('a', 'pull', 'push'))).kind, 'challenged');
    assert.equal((await ask(undefined, [])).kind, 'challenged');
    const token = await bearer('repository:a:pull,push');
    assert.equal((await ask(token, on('a', 'pull'))).kind, 'granted');
    assert.equal((await ask(token, on('a', 'pull', 'push'))).kind, 'challenged');
    assert.equal((await ask(token, [])).kind, 'granted');
  });
});

describe('basic credentials', () => {
  for (const [who, name, actions, kind] of [
    ['root:rootpw', 'any/thing', ['pull', 'push', 'delete'], 'granted'],
    ['bob:bobpw', 'bob/app', ['pull', 'push', 'delete'], 'granted'],
    ['bob:bobpw', 'team/app', ['pull', 'push'], 'granted'],
    ['bob:bobpw', 'team/app', ['delete'], 'denied'],
    ['bob:bobpw', 'other', ['pull'], 'granted'],
    ['bob:bobpw', 'other', ['push'], 'denied'],
    ['bob:wrong', 'bob/app', ['pull'], 'challenged'],
    ['eve:bobpw', 'bob/app', ['pull'], 'challenged'],
    ['bob:', 'bob/app', ['pull'], 'challenged'],
  ] as const) {
    test(`${who} on ${name}: ${actions} is ${kind}`, async () => {
      const [user, password] = who.split(':');
      const decision = await ask(basic(user!, password!), on(name, ...actions));
      assert.equal(decision.kind, kind);
    });
  }

  test('what is no such header is challenged', async () => {
    for (const header of ['Basic', 'Basic !!!', 'Digest x', `Basic ${btoa('no-colon')}`, '']) {
      assert.equal((await ask(header, on('a', 'pull'))).kind, 'challenged');
    }
  });

  test('rights are read once for all that a request asks', async () => {
    let reads = 0;
    const { rightsOf } = users;
    users.rightsOf = (name) => {
      reads++;
      return rightsOf(name);
    };
    const decision = await ask(basic('bob', 'bobpw'), catalog);
    assert.ok(decision.kind === 'granted');
    for (let i = 0; i < 50; i++) {
      assert.equal(await decision.may(on(`team/r${i}`, 'push')[0]!), true);
      assert.equal(await decision.may(on(`other/r${i}`, 'push')[0]!), false);
    }
    assert.equal(reads, 1);
  });

  test('a new password ends the old one at once', async () => {
    assert.equal((await ask(basic('bob', 'bobpw'), [])).kind, 'granted');
    await userAccounts(users).setPassword('bob', 'new', { admin: false });
    assert.equal((await ask(basic('bob', 'bobpw'), [])).kind, 'challenged');
    assert.equal((await ask(basic('bob', 'new'), [])).kind, 'granted');
  });

  test('guessing is slowed down, for the right password too', async () => {
    for (let i = 0; i < 5; i++) await ask(basic('bob', `guess${i}`), []);
    const decision = await ask(basic('bob', 'bobpw'), []);
    assert.deepEqual(decision, { kind: 'throttled', retryAfterS: 1 });
    nowMs += 1000;
    assert.equal((await ask(basic('bob', 'bobpw'), [])).kind, 'granted');
  });

  test('guesses side by side are no more than one after the other', async () => {
    const guesses = Array.from({ length: 30 }, (_, i) => ask(basic('bob', `guess${i}`), []));
    const kinds = (await Promise.all(guesses)).map(({ kind }) => kind);
    // Two are checked at once; what was begun when the fifth failed is still finished.
    assert.ok(kinds.filter((kind) => kind === 'challenged').length <= 6, kinds.join(' '));
  });
});

describe('bearer tokens', () => {
  test('a token grants what was asked for and allowed', async () => {
    const token = await bearer(
      'repository:bob/app:pull,push repository:other:pull,push',
      basic('bob', 'bobpw'),
    );
    const granted = await ask(token, on('bob/app', 'pull', 'push'));
    assert.ok(granted.kind === 'granted' && granted.user === 'bob');
    assert.equal(await granted.may(on('other', 'pull')[0]!), true);
    assert.equal(await granted.may(on('third', 'pull')[0]!), false);
    const refused = await ask(token, on('other', 'pull', 'push'));
    assert.ok(refused.kind === 'challenged');
    assert.match(
      refused.wwwAuthenticate,
      /scope="repository:other:pull,push",error="insufficient_scope"/,
    );
  });

  test('the catalog needs its scope, and shows what its owner may pull', async () => {
    assert.equal((await ask(await bearer('', basic('bob', 'bobpw')), catalog)).kind, 'challenged');
    const decision = await ask(await bearer('registry:catalog:*', basic('bob', 'bobpw')), catalog);
    assert.ok(decision.kind === 'granted');
    assert.equal(await decision.may(on('other', 'pull')[0]!), true);
    assert.equal(await decision.may(on('other', 'delete')[0]!), false);
  });

  test('a token expires', async () => {
    const token = await bearer('repository:bob/app:pull', basic('bob', 'bobpw'));
    assert.equal((await ask(token, on('bob/app', 'pull'))).kind, 'granted');
    nowMs += 301_000;
    const decision = await ask(token, on('bob/app', 'pull'));
    assert.ok(decision.kind === 'challenged');
    assert.match(decision.wwwAuthenticate, /error="invalid_token"/);
  });

  test('forged tokens are refused', async () => {
    const claims = { access: [{ type: 'repository', name: 'a', actions: ['pull'] }] };
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const forge = (options: { by?: typeof key; typ?: string; service?: string }) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: options.typ ?? 'at+jwt' })
        .setIssuer(options.service ?? 'berth')
        .setAudience(options.service ?? 'berth')
        .setSubject('root')
        .setExpirationTime('1h')
        .sign(options.by ?? key);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode({ ...claims, sub: 'root' })}.`;
    const good = await forge({});
    assert.equal((await ask(`Bearer ${good}`, on('a', 'pull'))).kind, 'granted');
    for (const token of [
      await forge({ by: other }),
      await forge({ typ: 'rt+jwt' }),
      await forge({ typ: 'JWT' }),
      await forge({ service: 'other' }),
      unsigned,
      `${good.slice(0, -4)}AAAA`,
      'nonsense',
    ]) {
      assert.equal((await ask(`Bearer ${token}`, on('a', 'pull'))).kind, 'challenged', token);
    }
  });
});

describe('the token endpoint', () => {
  test('wrong credentials are 401', async () => {
    const { status, body } = await tokenReply({}, { authorization: basic('bob', 'wrong') });
    assert.equal(status, 401);
    assert.deepEqual(body, {
      errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }],
    });
  });

  test('password grant, offline, then refresh tokens until the password changes', async () => {
    const first = await tokenReply(
      {
        grant_type: 'password',
        username: 'bob',
        password: 'bobpw',
        access_type: 'offline',
        scope: 'repository:bob/app:pull',
      },
      { method: 'POST' },
    );
    assert.equal(first.status, 200);
    const refresh = {
      grant_type: 'refresh_token',
      refresh_token: first.body.refresh_token!,
      scope: 'repository:team/app:push',
    };
    const second = await tokenReply(refresh, { method: 'POST' });
    const token = `Bearer ${second.body.access_token}`;
    assert.equal((await ask(token, on('team/app', 'push'))).kind, 'granted');
    // A refresh token is no access token, and the other way round.
    assert.equal((await ask(`Bearer ${refresh.refresh_token}`, [])).kind, 'challenged');
    const mixed = { ...refresh, refresh_token: second.body.access_token! };
    assert.equal((await tokenReply(mixed, { method: 'POST' })).status, 401);
    await userAccounts(users).setPassword('bob', 'new', { admin: false });
    assert.equal((await tokenReply(refresh, { method: 'POST' })).status, 401);
  });

  test('a refresh token is given to those who ask for one and have a name', async () => {
    const authorization = basic('bob', 'bobpw');
    const offline = await tokenReply({ offline_token: 'true' }, { authorization });
    assert.equal(typeof offline.body.refresh_token, 'string');
    assert.equal((await tokenReply({}, { authorization })).body.refresh_token, undefined);
    assert.equal((await tokenReply({ offline_token: 'true' })).body.refresh_token, undefined);
  });

  test('other grants are refused', async () => {
    for (const grant of ['', 'authorization_code']) {
      assert.equal((await tokenReply({ grant_type: grant }, { method: 'POST' })).status, 400);
    }
  });

  test('too many failures are 429, with the time to wait', async () => {
    const authorization = basic('bob', 'wrong');
    for (let i = 0; i < 5; i++) await tokenReply({}, { authorization });
    const { status, headers } = await tokenReply({}, { authorization });
    assert.equal(status, 429);
    assert.deepEqual(headers, { 'retry-after': '1' });
  });
});

test('the signing key is made once, for its owner alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-key-'));
  try {
    const path = join(folder, 'key.pem');
    const first = loadSigningKey(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(first.equals(loadSigningKey(path)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
