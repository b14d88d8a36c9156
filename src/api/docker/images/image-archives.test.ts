import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { collect, formatReference, parseReference, streamOf } from '../../../core/index.ts';
import { base, manifest, messages, printed, serve, transferEvents, web } from './images-fixture.ts';

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
