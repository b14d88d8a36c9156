import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  dangling,
  type Fakes,
  layer,
  manifest,
  running,
  serve,
  short,
  stopped,
  web,
} from './images-fixture.ts';
import { sampleImage } from './sample-images.ts';

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
