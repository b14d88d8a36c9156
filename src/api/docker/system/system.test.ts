import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unauthorized } from '../../../core/index.ts';
import type { EngineEvent } from '../../../engine/index.ts';
import { serveApi } from '../../http/http-fixture.ts';
import type { RouteTable } from '../../http/route.ts';
import { sampleContainer, sampleInsight } from '../containers/sample-container.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import { Filters } from '../filters.ts';
import { sampleImage, sampleStore } from '../images/sample-images.ts';
import type { DiskUsagePorts } from './disk-usage.ts';
import { wants } from './events.ts';
import type { SystemFacts, SystemPorts } from './ports.ts';
import { systemRoutes } from './routes.ts';

const facts: SystemFacts = {
  id: 'b3f1c0de',
  hostName: 'lab',
  version: '0.1.0',
  gitCommit: 'abc1234',
  buildTime: '2026-01-01T00:00:00Z',
  rootPath: '/var/lib/berth',
  labels: ['site=lab'],
  debug: false,
  components: [{ name: 'runc', version: '1.1.5', commit: 'r1' }],
  kernelVersion: '6.1.0',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  osVersion: '12',
  architecture: 'amd64',
  machine: 'x86_64',
  cpus: 8,
  memoryBytes: 2 ** 34,
  cgroup: { driver: 'cgroupfs', version: 2, controllers: ['memory', 'cpu', 'pids'] },
  storageStatus: [['Backing Filesystem', 'extfs']],
  logDrivers: ['json-file', 'none'],
  networkDrivers: ['bridge', 'host', 'null'],
  securityOptions: ['name=seccomp,profile=builtin'],
  runtimes: { runc: { path: 'runc' } },
  defaultRuntime: 'runc',
  initPath: 'docker-init',
  registries: { insecure: ['127.0.0.1:5000'], insecureNetworks: ['127.0.0.0/8'], mirrors: [] },
  proxies: { http: '', https: '', no: '' },
  ipv4Forwarding: true,
  warnings: [],
};

const event = (over: Partial<EngineEvent> = {}): EngineEvent => ({
  type: 'container',
  action: 'start',
  actorId: 'c0ffee',
  attributes: { image: 'debian:12', name: 'web', tier: 'front' },
  timeNs: 1795181924088172765n,
  ...over,
});

const web = sampleImage('a', {
  tags: ['web:2'],
  layers: [
    ['1', 100],
    ['2', 50],
  ],
});
const base = sampleImage('1', { tags: ['busybox'] });

const disk: DiskUsagePorts = {
  images: sampleStore([web, base]),
  containers: { list: () => [sampleContainer] },
  insight: sampleInsight,
  volumes: {
    list: () => [
      {
        name: 'v1',
        driver: 'local',
        mountpoint: '/v',
        createdAtMs: 0,
        labels: {},
        options: {},
        anonymous: false,
      },
    ],
    usage: async () => ({ sizeBytes: 9, references: 1 }),
  },
  buildCache: {
    usage: async () => [
      {
        id: 'k1',
        parents: ['k0'],
        type: 'regular',
        description: 'RUN make',
        inUse: false,
        shared: true,
        sizeBytes: 11,
        createdAtMs: 0,
        uses: 2,
      },
    ],
  },
};

function ports(over: Partial<SystemPorts> = {}): SystemPorts {
  return {
    facts: () => facts,
    counts: () => ({ running: 1, paused: 2, stopped: 3, images: 4 }),
    events: {
      async *subscribe() {
        yield event();
      },
    },
    checkLogin: async () => ({}),
    disk,
    ...over,
  };
}

const serve = (over?: Partial<SystemPorts>) => {
  const table: RouteTable = dockerTable({ version: '0.1.0', routes: systemRoutes(ports(over)) });
  return serveApi({ tables: [table], notFound: pageNotFound });
};

describe('ping and versions', () => {
  test('ping tells what a client negotiates with', async () => {
    await using api = await serve();
    for (const path of ['/_ping', '/v1.43/_ping']) {
      const { status, headers, body } = await api.ask('GET', path);
      assert.deepEqual([status, body], [200, 'OK']);
      assert.equal(headers['api-version'], '1.50');
      assert.equal(headers['docker-experimental'], 'false');
      assert.equal(headers.ostype, 'linux');
      assert.equal(headers['builder-version'], '2');
      assert.equal(headers.swarm, 'inactive');
      assert.match(String(headers['cache-control']), /no-store/);
    }
    assert.equal((await api.ask('HEAD', '/_ping')).body, '');
  });

  for (const [path, status, message] of [
    ['/v1.24/version', 200, undefined],
    ['/v1.50/version', 200, undefined],
    [
      '/v1.99/version',
      400,
      'client version 1.99 is too new. Maximum supported API version is 1.50',
    ],
    ['/v2.0/version', 400, 'client version 2.0 is too new. Maximum supported API version is 1.50'],
    [
      '/v1.9/version',
      400,
      'client version 1.9 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    ['/vfoo/version', 404, 'page not found'],
  ] as const) {
    test(`GET ${path} is ${status}`, async () => {
      await using api = await serve();
      const answer = await api.ask('GET', path);
      assert.equal(answer.status, status);
      assert.equal((JSON.parse(answer.body) as { message?: string }).message, message);
    });
  }

  test('version and info', async () => {
    await using api = await serve();
    const version = await api.askJson<Record<string, unknown>>('GET', '/version');
    assert.equal(version.ApiVersion, '1.50');
    assert.equal(version.MinAPIVersion, '1.24');
    assert.deepEqual(
      (version.Components as { Name: string }[]).map(({ Name }) => Name),
      ['Engine', 'runc'],
    );
    const info = await api.askJson<Record<string, unknown>>('GET', '/info');
    assert.equal(info.Containers, 6);
    assert.equal(info.Images, 4);
    assert.equal(info.MemoryLimit, true);
    assert.equal(info.SwapLimit, false);
    assert.equal(info.Warnings, null);
    assert.deepEqual(info.RuncCommit, { ID: 'r1' });
  });
});

describe('events', () => {
  test('an event keeps every digit of its time', async () => {
    await using api = await serve();
    const { body } = await api.ask('GET', '/events?since=1&until=2');
    assert.ok(body.endsWith('"time":1795181924,"timeNano":1795181924088172765}\r\n'), body);
    assert.deepEqual(JSON.parse(body).Actor, { ID: 'c0ffee', Attributes: event().attributes });
    assert.equal(JSON.parse(body).from, 'debian:12');
  });

  test('since, until and the signal reach the engine', async () => {
    const asked: unknown[] = [];
    await using api = await serve({
      events: {
        async *subscribe({ sinceMs, untilMs }) {
          asked.push(sinceMs, untilMs);
          yield* [];
        },
      },
    });
    await api.ask('GET', '/events?since=1700000000.5&until=2023-11-15T00:00:00Z');
    assert.deepEqual(asked, [1700000000500, 1700006400000]);
    const wrong = await api.ask('GET', '/events?since=5&until=4');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body, /`since` time \(5\) cannot be after `until` time \(4\)/);
    assert.equal((await api.ask('GET', '/events?since=foo')).status, 400);
    assert.equal((await api.ask('GET', '/events?filters=garbage')).status, 400);
  });

  for (const [filters, over, expected] of [
    [{}, {}, true],
    [{ type: ['container'] }, {}, true],
    [{ type: ['image'] }, {}, false],
    [{ event: ['start'] }, {}, true],
    [{ event: ['star'] }, {}, false],
    [{ event: ['exec_create'] }, { action: 'exec_create: sh' }, true],
    [{ container: ['web'] }, {}, true],
    [{ container: ['c0f'] }, {}, true],
    [{ container: ['db'] }, {}, false],
    [{ image: ['debian'] }, {}, true],
    [{ image: ['debian:12'] }, {}, true],
    [{ image: ['debian:11'] }, {}, false],
    [{ label: ['tier=front'] }, {}, true],
    [{ label: ['tier', 'zone'] }, {}, false],
    [{ network: ['n'] }, {}, false],
    [{ scope: ['swarm'] }, {}, false],
  ] as [Record<string, string[]>, Partial<EngineEvent>, boolean][]) {
    test(`filter ${JSON.stringify(filters)} ${expected ? 'lets through' : 'stops'}`, () => {
      assert.equal(wants(new Filters(Object.entries(filters)), event(over)), expected);
    });
  }
});

describe('disk usage', () => {
  interface Usage {
    LayersSize: number;
    Images: Record<string, unknown>[] | null;
    Containers: Record<string, unknown>[] | null;
    Volumes: Record<string, unknown>[] | null;
    BuildCache: Record<string, unknown>[] | null;
  }

  test('everything, each layer counted once', async () => {
    await using api = await serve();
    const usage = await api.askJson<Usage>('GET', '/system/df');
    assert.equal(usage.LayersSize, 150);
    assert.deepEqual(
      usage.Images?.map(({ RepoTags, Size, SharedSize, Containers }) => [
        RepoTags,
        Size,
        SharedSize,
        Containers,
      ]),
      [
        [['web:2'], 150, 100, 0],
        [['busybox:latest'], 100, 100, 1],
      ],
    );
    assert.deepEqual(
      usage.Containers?.map(({ Names, SizeRw, SizeRootFs }) => [Names, SizeRw, SizeRootFs]),
      [[['/c2'], 0, 1984162]],
    );
    assert.deepEqual(usage.Volumes?.[0]?.UsageData, { RefCount: 1, Size: 9 });
    assert.deepEqual(usage.BuildCache, [
      {
        ID: 'k1',
        Parents: ['k0'],
        Type: 'regular',
        Description: 'RUN make',
        InUse: false,
        Shared: true,
        Size: 11,
        CreatedAt: '1970-01-01T00:00:00.000Z',
        LastUsedAt: null,
        UsageCount: 2,
      },
    ]);
  });

  test('only some kinds', async () => {
    await using api = await serve();
    const usage = await api.askJson<Usage>('GET', '/system/df?type=volume&type=image');
    assert.equal(usage.Volumes?.length, 1);
    assert.equal(usage.Images?.length, 2);
    assert.equal(usage.Containers, null);
    assert.equal(usage.BuildCache, null);
    assert.equal((await api.ask('GET', '/system/df?type=foo')).status, 400);
  });
});

describe('auth', () => {
  test('a login that the registry takes, and one that it refuses', async () => {
    const seen: unknown[] = [];
    await using api = await serve({
      async checkLogin(credentials) {
        seen.push(credentials);
        if (credentials.password !== 'right') {
          throw unauthorized('Get "http://r/v2/": unauthorized: incorrect username or password');
        }
        return { identityToken: 't' };
      },
    });
    const sent = { username: 'a', password: 'right', serveraddress: 'https://r/v2/' };
    assert.deepEqual(await api.askJson('POST', '/auth', sent), {
      Status: 'Login Succeeded',
      IdentityToken: 't',
    });
    assert.deepEqual(seen, [
      {
        username: 'a',
        password: 'right',
        serverAddress: 'https://r/v2/',
        identityToken: undefined,
      },
    ]);
    await assert.rejects(
      api.askJson('POST', '/auth', { ...sent, password: 'no' }),
      /401 .*incorrect/,
    );
    await assert.rejects(api.askJson('POST', '/auth', { username: 1 }), /400/);
    await assert.rejects(api.askJson('POST', '/auth', null), /400/);
  });
});
