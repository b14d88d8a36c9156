import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatReference, notFound } from '../../../core/index.ts';
import {
  type Fakes,
  manifest,
  messages,
  printed,
  serve,
  transferEvents,
} from './images-fixture.ts';

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
