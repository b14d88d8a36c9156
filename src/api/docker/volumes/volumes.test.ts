import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conflict, notFound } from '../../../core/index.ts';
import type { Volume } from '../../../engine/index.ts';
import { serveApi } from '../../http/http-fixture.ts';
import { sampleContainer } from '../containers/sample-container.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import { volumeRoutes } from './routes.ts';

const volume = (name: string, over: Partial<Volume> = {}): Volume => ({
  name,
  driver: 'local',
  mountpoint: `/var/lib/berth/volumes/${name}/_data`,
  createdAtMs: Date.parse('2026-11-20T13:43:37.123Z'),
  labels: {},
  options: {},
  anonymous: false,
  ...over,
});

/** `v1` is the volume that the sample container uses. */
const all = [
  volume('v1'),
  volume('named', { labels: { a: 'b' }, options: { type: 'tmpfs' } }),
  volume('anon', { anonymous: true }),
  volume('raced', { anonymous: true }),
];

async function serve() {
  const created: unknown[] = [];
  const table = dockerTable({
    version: '0.1.0',
    routes: volumeRoutes({
      containers: { list: () => [sampleContainer] },
      volumes: {
        async create(request) {
          created.push(request);
          return volume(request.name ?? 'anon', { anonymous: request.anonymous ?? false });
        },
        get(name) {
          const found = all.find((one) => one.name === name);
          if (!found) throw notFound(`get ${name}: no such volume`);
          return found;
        },
        list: () => all,
        async remove(name) {
          if (name === 'raced') throw conflict('remove raced: volume is in use');
          if (!all.some((one) => one.name === name)) throw notFound(`get ${name}: no such volume`);
        },
        usage: async () => ({ sizeBytes: 5, references: 0 }),
      },
    }),
  });
  const api = await serveApi({ tables: [table], notFound: pageNotFound });
  return { ...api, created, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

test('inspect is as Docker 28 gives it', async () => {
  await using api = await serve();
  assert.deepEqual(await api.askJson('GET', '/volumes/named'), {
    CreatedAt: '2026-11-20T13:43:37Z',
    Driver: 'local',
    Labels: { a: 'b' },
    Mountpoint: '/var/lib/berth/volumes/named/_data',
    Name: 'named',
    Options: { type: 'tmpfs' },
    Scope: 'local',
  });
  const anonymous = await api.askJson<Record<string, unknown>>('GET', '/volumes/anon');
  assert.deepEqual(anonymous.Labels, { 'com.docker.volume.anonymous': '' });
  assert.equal(anonymous.Options, null);
  const missing = await api.ask('GET', '/volumes/zz');
  assert.deepEqual(
    [missing.status, JSON.parse(missing.body)],
    [404, { message: 'get zz: no such volume' }],
  );
});

describe('list', () => {
  for (const [filters, expected] of [
    ['', ['v1', 'named', 'anon', 'raced']],
    ['{"dangling":["true"]}', ['named', 'anon', 'raced']],
    ['{"dangling":["false"]}', ['v1']],
    ['{"driver":["nfs"]}', []],
    ['{"name":["^na"]}', ['named']],
    ['{"label":["a"]}', ['named']],
  ] as const) {
    test(filters || 'all', async () => {
      await using api = await serve();
      const { Volumes, Warnings } = await api.askJson<{
        Volumes: { Name: string }[];
        Warnings: null;
      }>('GET', encodeURI(`/volumes?filters=${filters}`));
      assert.deepEqual(
        Volumes.map(({ Name }) => Name),
        expected,
      );
      assert.equal(Warnings, null);
    });
  }
});

test('create, named and not', async () => {
  await using api = await serve();
  const body = { Name: 'x', Driver: '', DriverOpts: { o: 'p' }, Labels: { a: 'b' } };
  const answer = await api.ask('POST', '/volumes/create', {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 201);
  await api.askJson('POST', '/volumes/create', {});
  assert.deepEqual(api.created, [
    { name: 'x', driver: undefined, options: { o: 'p' }, labels: { a: 'b' }, anonymous: false },
    { name: undefined, driver: undefined, options: undefined, labels: undefined, anonymous: true },
  ]);
});

test('remove', async () => {
  await using api = await serve();
  for (const [path, status] of [
    ['/volumes/named', 204],
    ['/volumes/raced', 409],
    ['/volumes/raced?force=1', 409],
    ['/volumes/zz', 404],
    ['/volumes/zz?force=1', 204],
  ] as const) {
    assert.equal((await api.ask('DELETE', path)).status, status, path);
  }
});

for (const [path, deleted] of [
  ['/volumes/prune', ['anon']],
  ['/volumes/prune?filters={"all":["true"]}', ['named', 'anon']],
  ['/v1.41/volumes/prune', ['named', 'anon']],
  ['/volumes/prune?filters={"label":["none"]}', null],
] as const) {
  test(`POST ${path}`, async () => {
    await using api = await serve();
    assert.deepEqual(await api.askJson('POST', encodeURI(path)), {
      VolumesDeleted: deleted,
      SpaceReclaimed: 5 * (deleted?.length ?? 0),
    });
  });
}
