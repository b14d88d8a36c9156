import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import {
  collect,
  type Digest,
  formatReference,
  notFound,
  parseReference,
  streamOf,
} from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import type { TransferEvent } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { sampleContainer } from '../containers/sample-container.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import type { ProgressMessage } from '../progress.ts';
import { nameMatcher } from './name-pattern.ts';
import type { ImagePorts } from './ports.ts';
import { imageRoutes } from './routes.ts';
import { sampleImage, sampleStore } from './sample-images.ts';

const manifest = `sha256:${'9'.repeat(64)}` as Digest;
const layer = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;

const web = sampleImage('a', {
  tags: ['web:2', 'reg:5000/team/web:2'],
  digests: [`reg:5000/team/web@${manifest}`],
  layers: [
    ['1', 100],
    ['2', 50],
  ],
  created: '2026-03-01T00:00:00Z',
  labels: { tier: 'front' },
});
const base = sampleImage('b', { tags: ['base'], created: '2026-01-01T00:00:00Z' });
const dangling = sampleImage('c', {
  layers: [['3', 7]],
  created: '2026-02-01T00:00:00Z',
  parent: 'd',
});
const middle = sampleImage('d', { layers: [['4', 1]], created: '2026-02-01T00:00:00Z' });
const all = [web, base, dangling, middle];

function user(image: LocalImage, state: Container['state']): Container {
  return { ...sampleContainer, imageId: image.id, state };
}
const running = (image: LocalImage) => user(image, { kind: 'running', startedAtMs: 0, pid: 1 });
const stopped = (image: LocalImage) => user(image, { kind: 'created' });
const short = sampleContainer.id.slice(0, 12);

interface Fakes {
  images?: LocalImage[];
  users?: Container[];
  transfers?: Partial<ImagePorts['transfers']>;
  archives?: Partial<ImagePorts['archives']>;
}

async function serve({ images = all, users = [], ...over }: Fakes = {}) {
  const ports = {
    images: sampleStore(images),
    containers: { list: () => users },
    transfers: over.transfers ?? {},
    archives: over.archives ?? {},
    layerPaths: () => ['/l1', '/l2'],
  } as unknown as ImagePorts;
  const table = dockerTable({ version: '0.1.0', routes: imageRoutes(ports) });
  return await serveApi({ tables: [table], notFound: pageNotFound });
}

async function messages(api: ServedApi, path: string, headers: Record<string, string> = {}) {
  const { status, body } = await api.ask('POST', path, { headers });
  assert.equal(status, 200, body);
  return body
    .split('\r\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ProgressMessage);
}

/** Messages as the docker client prints them without a terminal. */
const printed = (list: ProgressMessage[]) =>
  list.map(({ id, status, stream, error }) => (id ? `${id}: ` : '') + (status ?? stream ?? error));

describe('list', () => {
  const name = (letter: string) => layer(letter);
  for (const [query, expected] of [
    ['', ['a', 'c', 'b']],
    ['all=1', ['a', 'c', 'd', 'b']],
    ['filters={"dangling":["true"]}', ['c']],
    ['filters={"dangling":["false"]}', ['a', 'b']],
    ['filters={"label":["tier=front"]}', ['a']],
    ['filters={"label!":["tier"]}', ['c', 'b']],
    ['filters={"before":["web:2"]}', ['c', 'b']],
    ['filters={"since":["base"]}', ['a', 'c']],
    ['filters={"until":["2026-01-15"]}', ['b']],
    ['filters={"reference":["*"]}', ['a', 'b']],
    ['filters={"reference":["reg:5000/*/*"]}', ['a']],
    ['filters={"reference":["we?:2","nope"]}', ['a']],
    ['filter=base', ['b']],
  ] as const) {
    test(query || 'all but intermediate ones', async () => {
      await using api = await serve();
      const list = await api.askJson<{ Id: string }[]>('GET', encodeURI(`/images/json?${query}`));
      assert.deepEqual(
        list.map(({ Id }) => Id),
        expected.map(name),
      );
    });
  }

  test('an entry in full', async () => {
    await using api = await serve({ users: [running(web), stopped(web)] });
    const [entry] = await api.askJson<object[]>('GET', '/images/json?shared-size=1');
    assert.deepEqual(entry, {
      Containers: 2,
      Created: Date.parse('2026-03-01T00:00:00Z') / 1000,
      Id: web.id,
      Labels: { tier: 'front' },
      ParentId: '',
      RepoDigests: [`reg:5000/team/web@${manifest}`],
      RepoTags: ['reg:5000/team/web:2', 'web:2'],
      SharedSize: 100,
      Size: 150,
    });
  });

  test('a reference filter leaves only the names that match', async () => {
    await using api = await serve();
    const path = encodeURI('/images/json?filters={"reference":["web"]}');
    const [entry] = await api.askJson<{ RepoTags: string[] }[]>('GET', path);
    assert.deepEqual(entry?.RepoTags, ['web:2']);
  });

  test('older clients see names where there are none', async () => {
    await using api = await serve();
    const path = encodeURI('/v1.42/images/json?filters={"dangling":["true"]}');
    const [entry] = await api.askJson<Record<string, unknown>[]>('GET', path);
    assert.deepEqual(entry?.RepoTags, ['<none>:<none>']);
    assert.equal(entry?.VirtualSize, 7);
  });

  test('unknown filters and images are refused', async () => {
    await using api = await serve();
    const ask = (filters: string) => api.ask('GET', encodeURI(`/images/json?filters=${filters}`));
    assert.match((await ask('{"foo":["a"]}')).body, /invalid filter 'foo'/);
    assert.equal((await ask('{"before":["nope"]}')).status, 404);
    assert.equal((await ask('{"dangling":["x"]}')).status, 400);
  });
});

describe('inspect and history', () => {
  const historic = sampleImage('a', {
    tags: ['web:2'],
    layers: [
      ['1', 100],
      ['2', 50],
    ],
    config: {
      author: 'me',
      history: [
        { created: '2026-01-01T00:00:00Z', created_by: 'ADD rootfs', comment: 'imported' },
        { created: '2026-01-02T00:00:00Z', created_by: 'ENV A=b', empty_layer: true },
        { created: '2026-01-03T00:00:00Z', created_by: 'RUN make', comment: 'buildkit' },
      ],
      config: { Env: ['A=b'], ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGINT' },
    },
  });

  test('inspect has the fields of Docker 28', async () => {
    await using api = await serve({ images: [historic] });
    assert.deepEqual(await api.askJson('GET', '/images/web:2/json'), {
      Id: historic.id,
      RepoTags: ['web:2'],
      RepoDigests: [],
      Parent: '',
      Comment: 'buildkit',
      Created: '2026-01-01T00:00:00Z',
      DockerVersion: '',
      Author: 'me',
      Architecture: 'amd64',
      Os: 'linux',
      Size: 150,
      GraphDriver: { Data: { LowerDir: '/l1', UpperDir: '/l2' }, Name: 'overlay2' },
      RootFS: { Type: 'layers', Layers: [layer('1'), layer('2')] },
      Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
      Config: {
        Cmd: null,
        Entrypoint: null,
        Env: ['A=b'],
        ExposedPorts: { '80/tcp': {} },
        Labels: null,
        OnBuild: null,
        StopSignal: 'SIGINT',
        User: '',
        Volumes: null,
        WorkingDir: '',
      },
    });
    const old = await api.askJson<{ Config: object }>('GET', '/v1.43/images/web:2/json');
    assert.ok('Hostname' in old.Config);
    assert.equal((await api.ask('GET', '/images/nope/json')).status, 404);
  });

  test('history gives layers their sizes, newest first', async () => {
    await using api = await serve({ images: [historic] });
    const history = await api.askJson<Record<string, unknown>[]>('GET', '/images/web:2/history');
    assert.deepEqual(
      history.map(({ Id, CreatedBy, Size, Tags }) => [Id, CreatedBy, Size, Tags]),
      [
        [historic.id, 'RUN make', 50, ['web:2']],
        ['<missing>', 'ENV A=b', 0, null],
        ['<missing>', 'ADD rootfs', 100, null],
      ],
    );
  });
});

describe('tag', () => {
  for (const [query, status] of [
    ['repo=x/y&tag=z', 201],
    ['repo=host:5000/x', 201],
    ['repo=BAD&tag=z', 400],
    ['repo=x&tag=@', 400],
    [`repo=x@${manifest}`, 400],
  ] as const) {
    test(`${query} is ${status}`, async () => {
      await using api = await serve();
      assert.equal((await api.ask('POST', `/images/base/tag?${query}`)).status, status);
      if (status === 201) {
        const image = await api.askJson<{ RepoTags: string[] }>('GET', '/images/base/json');
        assert.equal(image.RepoTags.length, 2);
      }
    });
  }
});

describe('delete', () => {
  const gone = (id: string) => [{ Deleted: id }, { Deleted: layer('f') }];
  const untagged = (...names: string[]) => names.map((name) => ({ Untagged: name }));
  const single = sampleImage('e', { tags: ['one:1'], digests: [`one@${manifest}`] });
  for (const [what, path, fakes, status, expected] of [
    ['one name of two', '/images/web:2', {}, 200, untagged('web:2')],
    [
      'the last tag of a repository takes its digests along',
      '/images/reg:5000/team/web:2',
      {},
      200,
      untagged('reg:5000/team/web:2', `reg:5000/team/web@${manifest}`),
    ],
    [
      'the last name takes the image',
      '/images/one:1',
      { images: [single] },
      200,
      [...untagged('one:1', `one@${manifest}`), ...gone(single.id)],
    ],
    [
      'an id takes its one name',
      `/images/${single.id}`,
      { images: [single] },
      200,
      [...untagged('one:1', `one@${manifest}`), ...gone(single.id)],
    ],
    ['a prefix of an id', '/images/cccc', { images: [dangling] }, 200, gone(dangling.id)],
    [
      'an id with several names',
      `/images/${web.id}`,
      {},
      409,
      'conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in multiple repositories',
    ],
    [
      'forced, they all go',
      `/images/${web.id}?force=1`,
      {},
      200,
      [
        ...untagged('web:2', 'reg:5000/team/web:2', `reg:5000/team/web@${manifest}`),
        ...gone(web.id),
      ],
    ],
    [
      'a name whose image a container uses',
      '/images/one:1',
      { images: [single], users: [stopped(single)] },
      409,
      `conflict: unable to remove repository reference "one:1" (must force) - container ${short} is using its referenced image eeeeeeeeeeee`,
    ],
    [
      'forced, the name goes and the image stays while it runs',
      '/images/one:1?force=1',
      { images: [single], users: [running(single)] },
      200,
      untagged('one:1', `one@${manifest}`),
    ],
    [
      'forced, a stopped container does not hold it',
      '/images/one:1?force=1',
      { images: [single], users: [stopped(single)] },
      200,
      [...untagged('one:1', `one@${manifest}`), ...gone(single.id)],
    ],
    [
      'an id that runs',
      `/images/${single.id}?force=1`,
      { images: [single], users: [running(single)] },
      409,
      `conflict: unable to delete eeeeeeeeeeee (cannot be forced) - image is being used by running container ${short}`,
    ],
    [
      'an id that a stopped container uses',
      `/images/${single.id}`,
      { images: [single], users: [stopped(single)] },
      409,
      `conflict: unable to delete eeeeeeeeeeee (must be forced) - image is being used by stopped container ${short}`,
    ],
    [
      'one of several names may go whoever uses the image',
      '/images/web:2',
      { users: [running(web)] },
      200,
      untagged('web:2'),
    ],
    ['an unknown name', '/images/nope', {}, 404, 'No such image: nope:latest'],
  ] as [string, string, Fakes, number, unknown][]) {
    test(what, async () => {
      await using api = await serve(fakes);
      const answer = await api.ask('DELETE', path);
      const body = JSON.parse(answer.body);
      assert.deepEqual([answer.status, status === 200 ? body : body.message], [status, expected]);
    });
  }

  test('prune takes what has no name, or what nobody uses', async () => {
    await using api = await serve({ users: [stopped(web)] });
    const dropped = await api.askJson<{ ImagesDeleted: object[]; SpaceReclaimed: number }>(
      'POST',
      '/images/prune',
    );
    assert.deepEqual(dropped.ImagesDeleted[0], { Deleted: dangling.id });
    assert.equal(dropped.SpaceReclaimed, 8);
    const filters = encodeURIComponent('{"dangling":["false"]}');
    const rest = await api.askJson<{ ImagesDeleted: object[] }>(
      'POST',
      `/images/prune?filters=${filters}`,
    );
    assert.deepEqual(rest.ImagesDeleted[0], { Untagged: 'base:latest' });
    assert.deepEqual(await api.askJson('POST', '/images/prune'), {
      ImagesDeleted: null,
      SpaceReclaimed: 0,
    });
  });
});

/** A transfer of two layers and a config, of which the first layer is there already. */
function transferEvents(): TransferEvent[] {
  const descriptor = (letter: string) => ({ mediaType: 'x', digest: layer(letter), size: 94 });
  const root = { descriptor: descriptor('9'), bytes: Buffer.from('') };
  const layers = [descriptor('1'), descriptor('2')];
  const configs = [descriptor('8')];
  return [
    { kind: 'plan', root, copied: root, configs, layers },
    { kind: 'waiting', blob: layer('8') },
    { kind: 'waiting', blob: layer('1') },
    { kind: 'exists', blob: layer('1') },
    { kind: 'progress', blob: layer('8'), doneBytes: 1, totalBytes: 2 },
    { kind: 'done', blob: layer('8') },
    { kind: 'progress', blob: layer('2'), doneBytes: 47, totalBytes: 94 },
    { kind: 'retry', blob: layer('2'), attempt: 1, reason: 'cut' },
    { kind: 'done', blob: layer('2') },
  ];
}

const auth = Buffer.from('{"username":"u","password":"p"}').toString('base64url');

describe('pull', () => {
  const pulling = (changed: boolean, seen: unknown[] = []): Fakes => ({
    transfers: {
      async pull(reference, { platform, auth, onEvent }) {
        seen.push(formatReference(reference), platform, auth);
        for (const event of transferEvents()) onEvent(event);
        return { digest: manifest, changed };
      },
      tags: async () => ['v1', 'v2'],
    },
  });

  test('lines as Docker prints them', async () => {
    const seen: unknown[] = [];
    await using api = await serve(pulling(true, seen));
    const path = '/images/create?fromImage=reg:5000/team/web&tag=v1&platform=linux/arm64/v8';
    const list = await messages(api, path, { 'x-registry-auth': auth });
    assert.deepEqual(printed(list), [
      'v1: Pulling from team/web',
      '111111111111: Already exists',
      '222222222222: Pulling fs layer',
      '222222222222: Downloading',
      '222222222222: Retrying: cut',
      '222222222222: Verifying Checksum',
      '222222222222: Download complete',
      '222222222222: Pull complete',
      `Digest: ${manifest}`,
      'Status: Downloaded newer image for reg:5000/team/web:v1',
    ]);
    const bar = list.find(({ status }) => status === 'Downloading');
    assert.deepEqual(bar?.progressDetail, { current: 47, total: 94 });
    assert.equal(bar?.progress, `[${'='.repeat(25)}>${' '.repeat(25)}]      47B/94B`);
    assert.deepEqual(seen, [
      'reg:5000/team/web:v1',
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
      { username: 'u', password: 'p', identityToken: undefined, registryToken: undefined },
    ]);
  });

  test('layers that exist are named when the image is new, not when it is the same', async () => {
    for (const changed of [true, false]) {
      await using api = await serve({
        transfers: {
          async pull(_reference, { onEvent }) {
            for (const event of transferEvents().slice(0, 4)) onEvent(event);
            return { digest: manifest, changed };
          },
        },
      });
      const list = printed(await messages(api, '/images/create?fromImage=web&tag=2'));
      assert.equal(list.includes('111111111111: Already exists'), changed);
      assert.equal(list.length, changed ? 4 : 3);
    }
  });

  for (const [query, asked] of [
    ['fromImage=busybox&tag=latest', ['docker.io/library/busybox:latest']],
    ['fromImage=busybox:1', ['docker.io/library/busybox:1']],
    [`fromImage=r:1/a&tag=${manifest}`, [`r:1/a@${manifest}`]],
    [`fromImage=r:1/a@${manifest}`, [`r:1/a@${manifest}`]],
    ['fromImage=r:1/a', ['r:1/a:v1', 'r:1/a:v2']],
  ] as const) {
    test(`${query} asks for ${asked}`, async () => {
      const seen: unknown[] = [];
      await using api = await serve(pulling(false, seen));
      const list = await messages(api, `/images/create?${query}`);
      assert.match(list.at(-1)?.status ?? '', /^Status: Image is up to date for /);
      assert.deepEqual(
        seen.filter((one) => typeof one === 'string'),
        asked,
      );
    });
  }

  test('a failure before anything happened has its status, a later one is a message', async () => {
    const message = 'manifest for nope:latest not found: manifest unknown: manifest unknown';
    for (const late of [false, true]) {
      await using api = await serve({
        transfers: {
          async pull(_reference, { onEvent }) {
            if (late) for (const event of transferEvents().slice(0, 3)) onEvent(event);
            throw notFound(message);
          },
        },
      });
      const answer = await api.ask('POST', '/images/create?fromImage=nope&tag=latest');
      assert.equal(answer.status, late ? 200 : 404);
      const last = JSON.parse(answer.body.trim().split('\r\n').at(-1) ?? '');
      assert.deepEqual(last, late ? { errorDetail: { message }, error: message } : { message });
    }
  });

  test('a name that is none, and nothing to create from', async () => {
    await using api = await serve();
    assert.equal((await api.ask('POST', '/images/create?fromImage=BAD')).status, 400);
    assert.equal((await api.ask('POST', '/images/create')).status, 400);
  });
});

describe('push', () => {
  const pushed: string[] = [];
  const pushing: Fakes = {
    transfers: {
      async push(image, reference, { onEvent }) {
        pushed.push(`${image.id.slice(7, 8)} ${formatReference(reference)}`);
        for (const event of transferEvents()) onEvent(event);
        return { digest: manifest, sizeBytes: 940 };
      },
    },
  };

  test('lines as Docker prints them', async () => {
    await using api = await serve(pushing);
    const list = await messages(api, '/images/reg:5000/team/web/push?tag=2');
    assert.deepEqual(printed(list.slice(0, -1)), [
      'The push refers to repository [reg:5000/team/web]',
      '222222222222: Preparing',
      '111111111111: Preparing',
      '111111111111: Layer already exists',
      '222222222222: Pushing',
      '222222222222: Retrying: cut',
      '222222222222: Pushed',
      `2: digest: ${manifest} size: 940`,
    ]);
    assert.deepEqual(list.at(-1), {
      progressDetail: {},
      aux: { Tag: '2', Digest: manifest, Size: 940 },
    });
    assert.deepEqual(pushed, ['a reg:5000/team/web:2']);
  });

  for (const [path, message] of [
    ['/images/nope/push', 'An image does not exist locally with the tag: nope'],
    ['/images/reg:5000/team/web/push?tag=9', 'tag does not exist: reg:5000/team/web:9'],
  ] as const) {
    test(message, async () => {
      await using api = await serve(pushing);
      const [first, last] = await messages(api, path);
      assert.match(first?.status ?? '', /^The push refers to repository/);
      assert.deepEqual(last, { errorDetail: { message }, error: message });
    });
  }
});

describe('archives', () => {
  test('import takes files, names, changes', async () => {
    const seen: unknown[] = [];
    await using api = await serve({
      archives: {
        async importFiles(archive, { reference, message, changes }) {
          seen.push((await collect(archive, 100)).toString(), reference, message, changes);
          return base.id;
        },
      },
    });
    const query = 'fromSrc=-&repo=imp&tag=z&message=hey&changes=ENV%20A=b&changes=CMD%20x';
    const { body } = await api.ask('POST', `/images/create?${query}`, { body: 'files' });
    assert.deepEqual(JSON.parse(body), { status: base.id });
    assert.deepEqual(seen, ['files', parseReference('imp:z'), 'hey', ['ENV A=b', 'CMD x']]);
  });

  test('import fetches an address', async () => {
    const files = createServer((_request, response) => response.end('fetched'));
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    const { port } = files.address() as { port: number };
    await using api = await serve({
      archives: {
        async importFiles(archive) {
          assert.equal((await collect(archive, 100)).toString(), 'fetched');
          return base.id;
        },
      },
    });
    const list = await messages(api, `/images/create?fromSrc=http://127.0.0.1:${port}/x.tar`);
    assert.deepEqual(printed(list), [`Downloading from http://127.0.0.1:${port}/x.tar`, base.id]);
    files.close();
    assert.equal((await api.ask('POST', '/images/create?fromSrc=file:///etc')).status, 400);
  });

  test('load names what it found', async () => {
    await using api = await serve({
      archives: {
        async load(archive, { onEvent }) {
          await collect(archive, 100);
          for (const event of transferEvents()) onEvent(event);
          return [
            { id: base.id, references: [parseReference('a:1'), parseReference('b')] },
            { id: web.id, references: [] },
          ];
        },
      },
    });
    assert.deepEqual(printed(await messages(api, '/images/load?quiet=1')), [
      'Loaded image: a:1\n',
      'Loaded image: b:latest\n',
      `Loaded image ID: ${web.id}\n`,
    ]);
    const list = await messages(api, '/images/load');
    assert.equal(list[0]?.status, 'Loading layer');
  });

  for (const [path, expected] of [
    ['/images/get?names=web:2&names=base', ['a web:2', 'b base:latest']],
    ['/images/web/get', ['a web:2']],
    ['/images/get?names=base,web:2', ['b base:latest', 'a web:2']],
    ['/images/get?names=cccc', ['c ']],
    ['/images/get?names=web:2&names=reg:5000/team/web', ['a web:2 reg:5000/team/web:2']],
  ] as const) {
    test(`save ${path}`, async () => {
      await using api = await serve({
        archives: {
          save: (images) =>
            streamOf(
              images
                .map(({ image, references }) => {
                  const names = references.map((one) =>
                    formatReference(one).replace('docker.io/library/', ''),
                  );
                  return `${image.id.slice(7, 8)} ${names.join(' ')}`;
                })
                .join(';'),
            ),
        },
      });
      const { headers, body } = await api.ask('GET', path);
      assert.equal(headers['content-type'], 'application/x-tar');
      assert.deepEqual(body.split(';'), expected);
    });
  }

  test('save of nothing, or of what is not there', async () => {
    await using api = await serve();
    assert.equal((await api.ask('GET', '/images/get')).status, 400);
    const missing = await api.ask('GET', '/images/get?names=nope');
    assert.deepEqual(
      [missing.status, JSON.parse(missing.body)],
      [404, { message: 'No such image: nope' }],
    );
  });
});

describe('registries', () => {
  test('search and distribution', async () => {
    await using api = await serve({
      transfers: {
        search: async (term, { limit }) => [
          { name: `${term}-${limit}`, description: 'd', stars: 5, official: true },
          { name: 'other', description: '', stars: 1, official: false },
        ],
        describe: async () => ({
          descriptor: { mediaType: 'm', digest: manifest, size: 9 },
          platforms: [{ os: 'linux', architecture: 'amd64' }],
        }),
      },
    });
    const filters = encodeURIComponent('{"stars":["3"]}');
    assert.deepEqual(await api.askJson('GET', `/images/search?term=x&limit=7&filters=${filters}`), [
      { star_count: 5, is_official: true, name: 'x-7', is_automated: false, description: 'd' },
    ]);
    assert.equal((await api.ask('GET', '/images/search?term=x&limit=500')).status, 400);
    assert.deepEqual(await api.askJson('GET', '/distribution/reg:5000/a/b:c/json'), {
      Descriptor: { mediaType: 'm', digest: manifest, size: 9 },
      Platforms: [{ os: 'linux', architecture: 'amd64' }],
    });
  });
});

for (const [pattern, name, expected] of [
  ['busy*', 'busybox', true],
  ['*', 'a/b', false],
  ['*/*', 'a/b', true],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['?', 'a', true],
  ['?', '/', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[', 'a', false],
  ['a[', 'a', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['.', 'a', false],
  ['', '', true],
  ['a*', 'a', true],
  [`${'*a'.repeat(60)}b`, 'a'.repeat(250), false],
] as const) {
  test(`pattern ${pattern.slice(0, 20)} ${expected ? 'takes' : 'leaves'} ${name.slice(0, 20)}`, () => {
    assert.equal(nameMatcher(pattern)(name), expected);
  });
}
