import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openAgents } from './agents.ts';
import { exchange, readBody } from './http-exchange.ts';
import { type ScriptedRegistry, scriptedRegistry } from './scripted-registry.ts';

const testdata = join(import.meta.dirname, '../testdata');
const read = (name: string) => readFileSync(join(testdata, name), 'utf8');
const tls = { cert: read('server.crt'), key: read('server.key') };

let registry: ScriptedRegistry;
let certsPath: string;
before(async () => {
  registry = await scriptedRegistry(() => ({ body: 'hello' }), tls);
  certsPath = mkdtempSync(join(tmpdir(), 'berth-certs-'));
});
after(async () => {
  rmSync(certsPath, { recursive: true });
  await registry[Symbol.asyncDispose]();
});

async function get(origin: string, options: { certsPaths?: string[]; insecure?: boolean } = {}) {
  const { certsPaths = [], insecure = false } = options;
  using agents = openAgents(certsPaths);
  const url = new URL('/v2/', origin);
  const agent = agents.agentFor(url, { insecure });
  const reply = await exchange({ method: 'GET', url, headers: {}, agent, silenceMs: 10_000 });
  return (await readBody(reply, 100)).toString();
}

describe('https', () => {
  test('an authority nobody knows is refused in Docker’s words', () =>
    assert.rejects(get(`https://${registry.host}`), {
      message: `Get "https://${registry.host}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    }));

  test('an insecure registry is not asked for one', async () => {
    assert.equal(await get(`https://${registry.host}`, { insecure: true }), 'hello');
  });

  test('certs.d names authorities for one host', async () => {
    mkdirSync(join(certsPath, registry.host));
    copyFileSync(join(testdata, 'ca.crt'), join(certsPath, registry.host, 'ca.crt'));
    const options = { certsPaths: ['/nowhere', certsPath] };
    assert.equal(await get(`https://${registry.host}`, options), 'hello');
    await using other = await scriptedRegistry(() => ({}), tls);
    await assert.rejects(get(`https://${other.host}`, options), /unknown authority/);
  });

  test('a client certificate needs its key', () => {
    const folder = join(certsPath, 'lone.test');
    mkdirSync(folder);
    writeFileSync(join(folder, 'client.cert'), tls.cert);
    using agents = openAgents([certsPath]);
    assert.throws(
      () => agents.agentFor(new URL('https://lone.test/'), { insecure: false }),
      /missing key client.key for client certificate client.cert/,
    );
    copyFileSync(join(testdata, 'server.key'), join(folder, 'client.key'));
    assert.ok(agents.agentFor(new URL('https://lone.test/'), { insecure: false }));
  });

  test('a server that speaks HTTP is told so', async () => {
    await using plain = await scriptedRegistry(() => ({}));
    await assert.rejects(get(`https://${plain.host}`), {
      message: `Get "https://${plain.host}/v2/": http: server gave HTTP response to HTTPS client`,
    });
  });
});

test('hosts without certificates of their own share one pool', () => {
  using agents = openAgents([certsPath]);
  const at = (url: string, insecure = false) => agents.agentFor(new URL(url), { insecure });
  assert.equal(at('https://a.test/'), at('https://b.test/'));
  assert.equal(at('http://a.test/'), at('http://b.test/'));
  assert.notEqual(at('https://a.test/'), at('https://a.test/', true));
  assert.notEqual(at('https://a.test/'), at('https://127.0.0.1/'), 'proxies are not for loopback');
  mkdirSync(join(certsPath, 'own.test'));
  copyFileSync(join(testdata, 'ca.crt'), join(certsPath, 'own.test', 'ca.crt'));
  assert.notEqual(at('https://a.test/'), at('https://own.test/'));
});

test('a name nobody knows', () =>
  assert.rejects(get('https://registry.invalid'), {
    message: /^Get "https:\/\/registry.invalid\/v2\/": dial tcp: lookup registry.invalid: /,
  }));

test('headers without end are refused', async () => {
  await using hostile = await scriptedRegistry(() => ({
    headers: { 'x-filler': 'x'.repeat(100_000) },
  }));
  await assert.rejects(get(`http://${hostile.host}`), { kind: 'unavailable' });
});

test('a server that never answers is left', async () => {
  await using silent = await scriptedRegistry(() => () => {});
  using agents = openAgents([]);
  const url = new URL(`http://${silent.host}/v2/`);
  const agent = agents.agentFor(url, { insecure: true });
  await assert.rejects(exchange({ method: 'GET', url, headers: {}, agent, silenceMs: 50 }), {
    kind: 'unavailable',
    message: /Client.Timeout exceeded while awaiting headers/,
  });
});
