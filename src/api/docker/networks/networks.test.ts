import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conflict, notFound } from '../../../core/index.ts';
import type { Network, NetworkCreateRequest } from '../../../engine/index.ts';
import { serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import type { NetworkMembership, NetworkPorts } from './ports.ts';
import { networkRoutes } from './routes.ts';

const network = (name: string, over: Partial<Network> = {}): Network => ({
  id: name.padEnd(64, '0'),
  name,
  createdAtMs: Date.parse('2026-11-20T14:14:42.253Z'),
  driver: 'bridge',
  internal: false,
  attachable: false,
  enableIPv6: false,
  ipam: { driver: 'default', config: [{ subnet: '10.77.0.0/24', gateway: '10.77.0.1' }] },
  options: {},
  labels: {},
  attachments: {},
  ...over,
});

const attached = network('used', {
  labels: { a: 'b' },
  attachments: {
    c0ffee: {
      name: 'u2',
      endpointId: 'e1',
      macAddress: '06:e1:8b:c1:88:ab',
      ipv4: '10.77.0.2/24',
      ipv6: '',
    },
  },
});
const free = network('free', { createdAtMs: 1000 });
const all = [
  network('bridge'),
  network('host', { driver: 'host', ipam: { driver: 'default', config: [] } }),
  attached,
  free,
  network('busy'),
];

async function serve(membership: Partial<NetworkMembership> = {}) {
  const created: NetworkCreateRequest[] = [];
  const removed: string[] = [];
  const ports: NetworkPorts = {
    networks: {
      async create(request) {
        created.push(request);
        return { id: 'n1', warning: '' };
      },
      get(ref) {
        const found = all.find(({ id, name }) => name === ref || id.startsWith(ref));
        if (!found) throw notFound(`network ${ref} not found`);
        return found;
      },
      list: () => all,
      async remove(ref) {
        if (ref.startsWith('busy')) throw conflict('network busy has active endpoints');
        removed.push(ref);
      },
      unused: () => [free, network('busy')],
    },
    membership: membership as NetworkMembership,
  };
  const table = dockerTable({ version: '0.1.0', routes: networkRoutes(ports) });
  const api = await serveApi({ tables: [table], notFound: pageNotFound });
  return { ...api, created, removed, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

test('inspect is as Docker 28 gives it', async () => {
  await using api = await serve();
  assert.deepEqual(await api.askJson('GET', '/networks/used?verbose=1'), {
    Name: 'used',
    Id: attached.id,
    Created: '2026-11-20T14:14:42.253Z',
    Scope: 'local',
    Driver: 'bridge',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: [{ Subnet: '10.77.0.0/24', Gateway: '10.77.0.1' }],
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {
      c0ffee: {
        Name: 'u2',
        EndpointID: 'e1',
        MacAddress: '06:e1:8b:c1:88:ab',
        IPv4Address: '10.77.0.2/24',
        IPv6Address: '',
      },
    },
    Options: {},
    Labels: { a: 'b' },
  });
  const host = await api.askJson<{ IPAM: object }>('GET', '/networks/host');
  assert.deepEqual(host.IPAM, { Driver: 'default', Options: null, Config: null });
  const missing = await api.ask('GET', '/networks/zz');
  assert.deepEqual(
    [missing.status, JSON.parse(missing.body)],
    [404, { message: 'network zz not found' }],
  );
});

describe('list', () => {
  for (const [filters, expected] of [
    ['', ['bridge', 'host', 'used', 'free', 'busy']],
    ['{"type":["custom"]}', ['used', 'free', 'busy']],
    ['{"type":["builtin"]}', ['bridge', 'host']],
    ['{"driver":["host"]}', ['host']],
    ['{"name":["us"]}', ['used', 'busy']],
    ['{"id":["^us"]}', ['used']],
    ['{"label":["a=b"]}', ['used']],
    ['{"dangling":["true"]}', ['free', 'busy']],
    ['{"dangling":["0"]}', ['bridge', 'host', 'used']],
    ['{"scope":["swarm"]}', []],
  ] as const) {
    test(filters || 'all', async () => {
      await using api = await serve();
      const list = await api.askJson<Network[]>('GET', encodeURI(`/networks?filters=${filters}`));
      assert.deepEqual(
        list.map((entry) => (entry as unknown as { Name: string }).Name),
        expected,
      );
    });
  }
  for (const filters of ['{"type":["x"]}', '{"foo":["x"]}']) {
    test(`${filters} is refused`, async () => {
      await using api = await serve();
      assert.equal((await api.ask('GET', encodeURI(`/networks?filters=${filters}`))).status, 400);
    });
  }
});

describe('changes', () => {
  test('create', async () => {
    await using api = await serve();
    const body = {
      Name: 'nn',
      Driver: 'bridge',
      Scope: '',
      CheckDuplicate: true,
      Internal: true,
      IPAM: { Config: [{ Subnet: '10.0.0.0/24', Gateway: '', IPRange: '10.0.0.0/25' }] },
      Labels: { a: 'b' },
      Options: null,
    };
    const answer = await api.ask('POST', '/networks/create', {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [201, { Id: 'n1', Warning: '' }]);
    assert.deepEqual(JSON.parse(JSON.stringify(api.created)), [
      {
        name: 'nn',
        driver: 'bridge',
        internal: true,
        labels: { a: 'b' },
        ipam: { config: [{ subnet: '10.0.0.0/24', ipRange: '10.0.0.0/25' }] },
      },
    ]);
  });

  for (const body of [
    {},
    { Name: ' ' },
    { Name: 'x', Scope: 'swarm' },
    { Name: 'x', Ingress: true },
  ]) {
    test(`create ${JSON.stringify(body)} is refused`, async () => {
      await using api = await serve();
      await assert.rejects(api.askJson('POST', '/networks/create', body), / 400 /);
    });
  }

  test('connect and disconnect', async () => {
    const seen: unknown[] = [];
    await using api = await serve({
      connect: async (...given) => void seen.push(...given),
      disconnect: async (...given) => void seen.push(...given),
    });
    const EndpointConfig = { Aliases: ['x'], IPAMConfig: { IPv4Address: '10.77.0.9' } };
    await api.askJson('POST', '/networks/used/connect', { Container: 'c', EndpointConfig });
    await api.askJson('POST', '/networks/used/disconnect', { Container: 'c', Force: true });
    assert.deepEqual(seen, ['c', 'used', EndpointConfig, 'c', 'used', { force: true }]);
    await assert.rejects(api.askJson('POST', '/networks/used/connect', {}), / 400 /);
    await assert.rejects(api.askJson('POST', '/networks/used/disconnect', {}), / 400 /);
  });

  test('remove and prune', async () => {
    await using api = await serve();
    assert.equal((await api.ask('DELETE', '/networks/used')).status, 204);
    assert.equal((await api.ask('DELETE', '/networks/busy')).status, 409);
    assert.deepEqual(await api.askJson('POST', '/networks/prune'), { NetworksDeleted: ['free'] });
    assert.deepEqual(api.removed, ['used', free.id]);
    const filters = encodeURIComponent('{"label":["none"]}');
    assert.deepEqual(await api.askJson('POST', `/networks/prune?filters=${filters}`), {
      NetworksDeleted: null,
    });
  });
});
