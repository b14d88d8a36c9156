import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { collect, type Digest } from '../../../core/index.ts';
import type { CommitRequest } from './ports.ts';
import { created, files, json, serve } from './served-engine.ts';

describe('files and the rest', () => {
  test('archive: stat in a header, a tar out, a tar in', async () => {
    const written: unknown[] = [];
    await using api = await serve({
      files: {
        ...files,
        async write(ref, path, archive, options) {
          written.push(ref, path, (await collect(archive, 100)).toString(), options);
        },
      },
    });
    await created(api, 'one', { Image: 'busybox' });
    const head = await api.ask('HEAD', '/containers/one/archive?path=/etc');
    const stat = Buffer.from(String(head.headers['x-docker-container-path-stat']), 'base64');
    assert.deepEqual(JSON.parse(stat.toString()), await files.stat('one', '/etc'));
    const read = await api.ask('GET', '/containers/one/archive?path=/etc');
    assert.deepEqual([read.headers['content-type'], read.body], ['application/x-tar', 'a tar']);
    assert.ok(read.headers['x-docker-container-path-stat']);
    const write = await api.ask(
      'PUT',
      '/containers/one/archive?path=/tmp&noOverwriteDirNonDir=true&copyUIDGID=false',
      { body: 'tar in' },
    );
    assert.equal(write.status, 200);
    const options = { noOverwriteDirNonDir: true, copyUidGid: false };
    assert.deepEqual(written, ['one', '/tmp', 'tar in', options]);
    assert.equal((await api.ask('GET', '/containers/one/export')).body, 'all files');
  });

  test('top, changes, stats', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    await api.ask('POST', '/containers/one/start');
    assert.deepEqual(await api.askJson('GET', '/containers/one/top'), {
      Processes: [['1', '-ef']],
      Titles: ['PID', 'ARGS'],
    });
    assert.deepEqual(await api.askJson('GET', '/containers/one/changes'), [
      { Path: '/etc', Kind: 0 },
      { Path: '/etc/new', Kind: 1 },
      { Path: '/tmp/gone', Kind: 2 },
    ]);
    const stats = await api.askJson<Record<string, unknown>>(
      'GET',
      '/containers/one/stats?stream=0&one-shot=1',
    );
    assert.equal(stats.name, '/one');
    assert.deepEqual(stats.pids_stats, { current: 3, limit: 100 });
    assert.deepEqual(stats.memory_stats, {
      usage: 1000,
      stats: { inactive_file: 10 },
      limit: 5000,
    });
    assert.equal(stats.preread, '0001-01-01T00:00:00Z');
  });

  test('streamed stats carry the reading before', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    await api.ask('POST', '/containers/one/start');
    const outgoing = request({
      socketPath: api.path,
      path: '/containers/one/stats',
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      if (text.split('\r\n').length > 2) break;
    }
    const [first, second] = text.split('\r\n').map((line) => JSON.parse(line || '{}'));
    assert.equal(first.precpu_stats.cpu_usage.total_usage, 0);
    assert.equal(second.precpu_stats.cpu_usage.total_usage, 5);
  });

  test('commit reads its query and an optional configuration', async () => {
    const asked: CommitRequest[] = [];
    await using api = await serve({
      async commit(wanted) {
        asked.push(wanted);
        return 'sha256:new' as Digest;
      },
    });
    const id = await created(api, 'one', { Image: 'busybox' });
    const query =
      'container=one&repo=r&tag=t&author=me&comment=c&pause=0&changes=ENV%20A=b%0ACMD%20x';
    const answer = await api.ask('POST', `/commit?${query}`, {
      body: '{"Env":["X=y"]}',
      headers: json,
    });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [201, { Id: 'sha256:new' }]);
    assert.deepEqual(asked, [
      {
        container: id,
        reference: { domain: 'docker.io', path: 'library/r', tag: 't' },
        author: 'me',
        comment: 'c',
        changes: ['ENV A=b', 'CMD x'],
        pause: false,
        config: { Env: ['X=y'] },
      },
    ]);
    assert.equal((await api.ask('POST', '/commit?container=one')).status, 201);
    assert.equal(asked[1]?.config, undefined);
    assert.equal((await api.ask('POST', '/commit?container=none')).status, 404);
  });
});
