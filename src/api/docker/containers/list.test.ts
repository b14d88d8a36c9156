import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import { sampleContainer } from './sample-container.ts';
import { serve } from './served-engine.ts';

describe('list', () => {
  const container = (name: string, over: Partial<Container>): Container => ({
    ...sampleContainer,
    id: name.padEnd(64, '0'),
    name,
    ...over,
  });
  const finished = { startedAtMs: 1, finishedAtMs: 2, oomKilled: false };
  const some = [
    container('oldest', {
      createdAtMs: 1000,
      state: { kind: 'exited', exit: { code: 3, ...finished } },
      health: undefined,
      config: { Image: 'gone', Labels: { x: 'other' } },
      mounts: [],
      imageId: 'sha256:c' as Digest,
    }),
    container('middle', { createdAtMs: 2000 }),
    container('newest', { createdAtMs: 3000, state: { kind: 'created' }, endpoints: {} }),
  ];
  for (const [query, expected] of [
    ['', ['middle']],
    ['all=1', ['newest', 'middle', 'oldest']],
    ['limit=2', ['newest', 'middle']],
    ['filters={"status":["exited","created"]}', ['newest', 'oldest']],
    ['all=1&filters={"name":["^/old"]}', ['oldest']],
    ['all=1&filters={"name":["[bad"]}', []],
    ['all=1&filters={"id":["midd"]}', ['middle']],
    ['all=1&filters={"label":["x=y"]}', ['newest', 'middle']],
    ['all=1&filters={"label":["x","z"]}', []],
    ['filters={"exited":["3"]}', ['oldest']],
    ['filters={"exited":["0"]}', []],
    ['filters={"before":["middle"]}', ['oldest']],
    ['filters={"since":["middle"]}', ['newest']],
    ['all=1&filters={"ancestor":["busybox"]}', ['newest', 'middle', 'oldest']],
    ['all=1&filters={"ancestor":["child"]}', ['oldest']],
    ['all=1&filters={"ancestor":["nope"]}', []],
    ['all=1&filters={"volume":["v1"]}', ['newest', 'middle']],
    ['all=1&filters={"volume":["/data/"]}', ['newest', 'middle']],
    ['all=1&filters={"network":["n1"]}', ['middle', 'oldest']],
    ['all=1&filters={"network":["57be"]}', ['middle', 'oldest']],
    ['all=1&filters={"health":["healthy"]}', ['newest', 'middle']],
    ['all=1&filters={"health":["none"]}', ['oldest']],
    ['all=1&filters={"publish":["8000-9000"]}', ['middle']],
    ['all=1&filters={"publish":["80"]}', []],
    ['all=1&filters={"expose":["99/tcp"]}', ['middle']],
    ['all=1&filters={"expose":["81/udp"]}', ['middle']],
    ['all=1&filters={"is-task":["true"]}', []],
    ['all=1&filters={"name":{"middle":true}}', ['middle']],
  ] as const) {
    test(query === '' ? 'running ones' : query, async () => {
      await using api = await serve();
      for (const one of some) api.engine.add(one);
      const list = await api.askJson<{ Names: string[] }[]>(
        'GET',
        encodeURI(`/containers/json?${query}`),
      );
      assert.deepEqual(
        list.map(({ Names }) => Names[0]),
        expected.map((name) => `/${name}`),
      );
    });
  }

  test('the image has its name as long as that still means it', async () => {
    await using api = await serve();
    for (const one of some) api.engine.add(one);
    const list = await api.askJson<{ Image: string }[]>('GET', '/containers/json?all=1');
    assert.deepEqual(
      list.map(({ Image }) => Image),
      ['busybox', 'busybox', 'sha256:c'],
    );
  });

  test('prune takes what is over and passes', async () => {
    await using api = await serve();
    for (const one of some) api.engine.add(one);
    const filters = encodeURIComponent('{"label!":["x=other"]}');
    assert.deepEqual(await api.askJson('POST', `/containers/prune?filters=${filters}`), {
      ContainersDeleted: [some[2]!.id],
      SpaceReclaimed: 0,
    });
    assert.deepEqual(await api.askJson('POST', '/containers/prune'), {
      ContainersDeleted: [some[0]!.id],
      SpaceReclaimed: 0,
    });
    assert.deepEqual(await api.askJson('POST', '/containers/prune'), {
      ContainersDeleted: null,
      SpaceReclaimed: 0,
    });
  });
});
