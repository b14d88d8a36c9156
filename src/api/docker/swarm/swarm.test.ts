import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import { swarmRoutes } from './routes.ts';

const notManager = /^This node is not a swarm manager\. Use "docker swarm init" or /;

for (const [method, path, status, message] of [
  ['GET', '/swarm', 503, notManager],
  ['POST', '/swarm/init', 503, notManager],
  ['POST', '/swarm/leave', 503, /^This node is not part of a swarm$/],
  ['GET', '/v1.43/services', 503, notManager],
  ['GET', '/services/x', 503, notManager],
  ['POST', '/services/create', 503, notManager],
  ['GET', '/nodes', 503, notManager],
  ['GET', '/tasks', 503, notManager],
  ['GET', '/secrets', 503, notManager],
  ['GET', '/configs/x', 503, notManager],
  ['GET', '/plugins/x/json', 404, /^plugin "x" not found$/],
  ['POST', '/plugins/a/b:c/enable', 404, /^plugin "a\/b:c" not found$/],
  ['DELETE', '/plugins/a/b', 404, /^plugin "a\/b" not found$/],
] as const) {
  test(`${method} ${path} is ${status}`, async () => {
    const table = dockerTable({ version: '0.1.0', routes: swarmRoutes() });
    await using api = await serveApi({ tables: [table], notFound: pageNotFound });
    const answer = await api.ask(method, path);
    assert.equal(answer.status, status);
    assert.match((JSON.parse(answer.body) as { message: string }).message, message);
  });
}

test('there are no plugins', async () => {
  const table = dockerTable({ version: '0.1.0', routes: swarmRoutes() });
  await using api = await serveApi({ tables: [table], notFound: pageNotFound });
  assert.deepEqual(await api.askJson('GET', '/plugins'), []);
});
