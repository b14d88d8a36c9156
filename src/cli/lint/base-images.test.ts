import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Connection, connect } from '../../client/index.ts';
import { lintDockerfile } from '../../dockerfile/lint/index.ts';
import { askForImages } from './base-images.ts';
import { lintFiles } from './lint-files.ts';

const text =
  'ARG WHICH=other TAG=1\nFROM team/base:1 AS a\nFROM a\nFROM $X\nFROM $WHICH:$TAG\nFROM $WHICH:1\n';
const input = { name: 'D', text };

test('what the daemon knows of base images', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url!));
    const known = request.url!.includes('other');
    response.statusCode = known ? 200 : 404;
    if (request.url!.endsWith('/contents')) {
      response.end(
        JSON.stringify({ programs: ['apk', 'sh', 'zzz'], distribution: 'Some Linux 3' }),
      );
      return;
    }
    const Config = {
      User: 'app',
      WorkingDir: '/srv',
      Shell: ['/bin/bash', '-o', 'pipefail', '-c'],
      Env: ['PIP_NO_CACHE_DIR=1'],
    };
    response.end(JSON.stringify(known ? { Config } : { message: 'no' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const images = await askForImages([input], connect(`tcp://127.0.0.1:${port}`));
  server.close();
  server.closeAllConnections();
  assert.deepEqual(asked, [
    '/images/team/base:1/json',
    '/images/other:1/json',
    '/v1/images/other:1/contents',
  ]);
  assert.deepEqual([...images.keys()], ['other:1']);
  const codes = (source: string) =>
    lintDockerfile(source, { baseImages: images }).findings.map(({ code }) => code);
  assert.deepEqual(codes('FROM other:1\nCOPY a b\nRUN a | b\nRUN pip install x==1 && y\n'), []);
  const installing = 'FROM other:1\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n';
  assert.deepEqual(codes(installing), ['BL1003', 'BL1004']);
  const [{ message } = { message: '' }] = lintDockerfile(installing, {
    baseImages: images,
  }).findings;
  assert.equal(message, 'The base image (Some Linux 3) has apk, not apt-get');
  assert.deepEqual(codes('ARG A=x\nFROM $A\nFROM other:1\nSHELL ["/bin/bash", "-c"]\n'), [
    'BL1006',
  ]);
  const { reports } = await lintFiles([{ name: 'D', text: 'FROM other:1\nENV a=$nothing\n' }], {
    options: { baseImages: images },
    buildChecks: true,
  });
  assert.deepEqual(
    reports[0]!.findings.map(({ code }) => code),
    ['UndefinedVar'],
  );
});

test('build arguments choose the base image', async () => {
  const asked: string[] = [];
  const connection = {
    json: async ({ path }: { path: string }) => {
      asked.push(decodeURIComponent(path));
      return {};
    },
  } as unknown as Connection;
  const images = await askForImages([input], connection, { WHICH: 'mine', X: 'unused' });
  assert.deepEqual([...images.keys()], ['team/base:1', 'mine:1']);
  assert.equal(asked.length, 4);
});

test('no daemon', async () => {
  const images = await askForImages([input], connect('unix:///nonexistent/berth.sock'));
  assert.equal(images.size, 0);
});
