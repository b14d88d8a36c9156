import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import type { RepositoryName } from '../repository-name.ts';
import { type AccessDecision, openAccess } from './access-control.ts';
import type { RegistryEvent } from './events.ts';
import { send, withServer } from './server-fixture.ts';

const repository = 'team/app' as RepositoryName;
const uploads = `/v2/${repository}/blobs/uploads/`;

describe('access', () => {
  const answers = (decision: AccessDecision) => ({
    access: { ...openAccess, authorize: async () => decision },
  });

  test('a challenge is 401 with its header', () => {
    const challenge = { kind: 'challenged', wwwAuthenticate: 'Bearer x', message: 'who?' } as const;
    return withServer(answers(challenge), async ({ address }) => {
      const { status, headers, text } = await send(address, 'GET', '/v2/');
      assert.equal(status, 401);
      assert.equal(headers['www-authenticate'], 'Bearer x');
      assert.deepEqual(JSON.parse(text), { errors: [{ code: 'UNAUTHORIZED', message: 'who?' }] });
    });
  });

  test('a denial is 403, a throttling 429 with the time to wait', async () => {
    await withServer(answers({ kind: 'denied' }), async ({ address }) => {
      assert.equal((await send(address, 'GET', '/v2/')).status, 403);
    });
    await withServer(answers({ kind: 'throttled', retryAfterS: 9 }), async ({ address }) => {
      const { status, headers } = await send(address, 'GET', '/v2/');
      assert.equal(status, 429);
      assert.equal(headers['retry-after'], '9');
    });
  });

  test('each request asks for what it needs, and only that', async () => {
    const asked: string[] = [];
    const access = {
      ...openAccess,
      async authorize({ needs }: { needs: readonly { name: string; action: string }[] }) {
        asked.push(needs.map(({ name, action }) => `${name}:${action}`).join(' '));
        return { kind: 'denied' } as const;
      },
    };
    await withServer({ access }, async ({ address }) => {
      for (const [method, path] of [
        ['GET', '/v2/'],
        ['GET', '/v2/_catalog'],
        ['GET', '/v2/a/b/tags/list'],
        ['HEAD', '/v2/a/manifests/x'],
        ['PUT', '/v2/a/manifests/x'],
        ['DELETE', '/v2/a/manifests/x'],
        ['POST', '/v2/a/blobs/uploads/'],
        ['PATCH', '/v2/a/blobs/uploads/x'],
      ] as const) {
        await send(address, method, path);
      }
    });
    assert.deepEqual(asked, [
      '',
      'catalog:*',
      'a/b:pull',
      'a:pull',
      'a:pull a:push',
      'a:delete',
      'a:pull a:push',
      'a:pull a:push',
    ]);
  });

  test('a mount needs the right to pull from its source', async () => {
    const may = (access: { name: string }) => access.name !== 'secret';
    const decision = { kind: 'granted', may } as const;
    await withServer(answers(decision), async ({ address, storage }) => {
      await using upload = await storage.uploads.create('secret' as RepositoryName);
      await upload.write(Buffer.from('x'));
      await upload.commit(digestOf('x'));
      for (const query of [`mount=${digestOf('x')}&from=secret`, `mount=${digestOf('x')}`]) {
        assert.equal((await send(address, 'POST', `${uploads}?${query}`)).status, 202);
      }
      assert.equal(await storage.blobs.sizeOf(repository, digestOf('x')), undefined);
    });
  });

  test('the catalog shows what may be pulled, page by page', async () => {
    const may = ({ name }: { name: string }) => name.startsWith('mine');
    await withServer(answers({ kind: 'granted', may }), async ({ address, storage }) => {
      for (const name of ['a', 'mine/1', 'mine/2', 'other', 'mine/3']) {
        const bytes = Buffer.from('{}');
        await storage.manifests.put(name as RepositoryName, {
          digest: digestOf(bytes),
          mediaType: mediaTypes.ociIndex,
          sizeBytes: 2,
          bytes,
          blobs: [],
          manifests: [],
        });
      }
      const { text, headers } = await send(address, 'GET', '/v2/_catalog?n=2');
      assert.deepEqual(JSON.parse(text), { repositories: ['mine/1', 'mine/2'] });
      const next = /<(.*?)>/.exec(String(headers.link))![1]!;
      assert.deepEqual(JSON.parse((await send(address, 'GET', next)).text), {
        repositories: ['mine/3'],
      });
    });
  });
});

test('pushes, pulls and deletions are told', async () => {
  const events: RegistryEvent[] = [];
  await withServer({ onEvent: (event) => events.push(event) }, async ({ address }) => {
    const body = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const headers = { 'content-type': mediaTypes.ociIndex };
    const digest = digestOf(body);
    await send(address, 'PUT', '/v2/a/manifests/x', { headers, body });
    await send(address, 'GET', '/v2/a/manifests/x');
    await send(address, 'HEAD', '/v2/a/manifests/x');
    await send(address, 'DELETE', '/v2/a/manifests/x');
    assert.deepEqual(
      events.map(({ user: _, ...event }) => event),
      [
        { kind: 'push', repository: 'a', digest, tag: 'x' },
        { kind: 'pull', repository: 'a', digest },
        { kind: 'delete', repository: 'a', tag: 'x' },
      ],
    );
  });
});
