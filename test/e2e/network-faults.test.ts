import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EndpointRequest, Networks } from '../../src/engine/index.ts';
import { startPeer } from './network-peer.ts';
import {
  eventually,
  idOf,
  nothingLeft,
  requestFor,
  type Stage,
  setStage,
} from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
/** Whatever a test leaves, the next start of the daemon takes away, without a word. */
afterEach(async () => {
  await using _ = stage;
  stage.warnings.length = 0;
  const networks = stage.networks();
  await networks.adopt([]);
  for (const { name } of networks.unused()) await networks.remove(name);
  await networks[Symbol.asyncDispose]();
  await settled(nothingLeft);
  assert.deepEqual(stage.warnings, []);
});

const port = (hostPort: number, hostIp = '0.0.0.0') => ({
  containerPort: 80,
  hostPort,
  hostIp,
  protocol: 'tcp' as const,
});
/** The bridge stays as long as the daemon runs. */
const idle = { links: ['berth0'], tables: ['berth0'], namespaces: [] };

async function started(): Promise<Networks & AsyncDisposable> {
  const networks = stage.networks();
  await networks.adopt([]);
  return networks;
}

describe('what cannot be set up', () => {
  test('leaves nothing behind and says why in words of Docker', async () => {
    await using networks = await started();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(8102, '0.0.0.0', resolve));
    await networks.setUp(requestFor('first', { ports: [port(8100)] }));
    const before = await stage.traces();
    const prefix =
      '^driver failed programming external connectivity on endpoint second \\([0-9a-f]{64}\\)';
    for (const [request, message] of [
      [
        { ports: [port(8101), port(8100)] },
        `${prefix}: Bind for 0.0.0.0:8100 failed: port is already allocated`,
      ],
      [
        { ports: [port(8100, '127.0.0.1')] },
        `${prefix}: Bind for 127.0.0.1:8100 failed: port is already`,
      ],
      [
        { ports: [port(8101), port(8102)] },
        `${prefix}: failed to bind host port for 0.0.0.0:8102:172.17.0.[0-9]+:80/tcp: address already in use`,
      ],
      [
        { ports: [port(8103, '192.0.2.77')] },
        `${prefix}: failed to bind host port for 192.0.2.77:8103:.*: cannot assign requested address`,
      ],
      [{ endpoints: { nowhere: {} } }, '^network nowhere not found$'],
      [{ containerId: '../escape' }, 'invalid container id'],
    ] as [Partial<EndpointRequest>, string][]) {
      await assert.rejects(networks.setUp(requestFor('second', request)), {
        message: new RegExp(message),
      });
      assert.deepEqual(await stage.traces(), before);
      assert.deepEqual(Object.keys(networks.get('bridge').attachments), [idOf('first')]);
    }
    // What failed is not held: the same works now.
    taken.close();
    await networks.setUp(requestFor('second', { ports: [port(8101), port(8102)] }));
  });

  test('goes back even when the kernel fails half-way', async () => {
    await using networks = await started();
    await networks.create({ name: 'extra' });
    // A file in the way of the namespace folder's own name for it.
    const namespaces = join(stage.folder, 'run/netns');
    const blocked = join(namespaces, idOf('x'));
    mkdirSync(blocked);
    await assert.rejects(
      networks.setUp(
        requestFor('x', { endpoints: { bridge: {}, extra: {} }, ports: [port(8110)] }),
      ),
    );
    rmSync(blocked, { recursive: true, force: true });
    assert.deepEqual(networks.get('extra').attachments, {});
    const { ports } = await networks.setUp(requestFor('y', { ports: [port(8110)] }));
    assert.equal(ports[0]!.hostPort, 8110);
  });

  test('is the same when asked for twice, and gone when taken down twice', async () => {
    await using networks = await started();
    const request = requestFor('again', { ports: [port(0)] });
    const [one, two] = await Promise.all([networks.setUp(request), networks.setUp(request)]);
    assert.deepEqual(one, two);
    await Promise.all([networks.tearDown(idOf('again')), networks.tearDown(idOf('again'))]);
    assert.equal(networks.lookup(idOf('again')), undefined);
    await settled(idle);
  });
});

describe('twenty at once', () => {
  test('come and go and leave nothing', async () => {
    await using networks = await started();
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const given = await Promise.all(
      names.map((name) => networks.setUp(requestFor(name, { ports: [port(0)] }))),
    );
    const addresses = given.map(({ endpoints }) => endpoints.bridge!.IPAddress);
    const ports = given.map((network) => network.ports[0]!.hostPort);
    assert.equal(new Set(addresses).size, names.length);
    assert.equal(new Set(ports).size, names.length);
    await Promise.all(names.map((name) => networks.tearDown(idOf(name))));
    await settled(idle);
  });
});

describe('a namespace that somebody else holds', () => {
  test('loses its interface all the same', async () => {
    await using networks = await started();
    const { namespacePath } = await networks.setUp(requestFor('holder'));
    const holder = spawn('nsenter', [`--net=${namespacePath}`, 'sleep', '60']);
    await once(holder, 'spawn');
    await sleep(50);
    await networks.tearDown(idOf('holder'));
    await settled(idle);
    holder.kill('SIGKILL');
  });
});

describe('a daemon that is killed', () => {
  test('is succeeded by one that takes over what runs and sweeps up the rest', async () => {
    const first = await startDaemon(stage.folder, 'keep');
    const [kept, orphan] = await first.established();
    const peer = startPeer('kept', kept!.established!.namespacePath);
    const asker = startPeer('asker', '');
    await peer.serve('tcp', 80);
    assert.match(await asker.ask('tcp', '127.0.0.1', 8200), /^kept sees/);
    await first.kill();
    // The kernel serves on while no daemon runs.
    assert.match(await asker.ask('tcp', '127.0.0.1', 8200), /^kept sees/);

    await using networks = stage.networks();
    await networks.adopt([kept!]);
    assert.deepEqual(stage.warnings, []);
    assert.deepEqual(networks.lookup(kept!.containerId), kept!.established);
    assert.equal(networks.lookup(orphan!.containerId), undefined);
    await eventually(async () => (await stage.traces()).links.length === 4);
    assert.deepEqual((await stage.traces()).namespaces, [kept!.containerId]);
    assert.match(await asker.ask('tcp', '127.0.0.1', 8200), /^kept sees/);
    assert.equal(await asker.ask('tcp', '127.0.0.1', 8201), 'ECONNREFUSED');
    const [server = ''] = kept!.established!.nameservers;
    await networks.setUp(requestFor('newcomer', { endpoints: { own: {} } }));
    const newcomer = networks.lookup(idOf('newcomer'))!.endpoints.own!.IPAddress;
    assert.equal(await peer.resolve(server, 'newcomer', 'A'), newcomer);
    const taken = /port is already allocated/;
    await assert.rejects(networks.setUp(requestFor('thief', { ports: [port(8200)] })), taken);
    await networks.tearDown(kept!.containerId);
    await networks.tearDown(idOf('newcomer'));
    assert.equal(await asker.ask('tcp', '127.0.0.1', 8200), 'ECONNREFUSED');
    for (const each of [peer, asker]) await each[Symbol.asyncDispose]();
  });

  test('at any moment leaves nothing that its successor does not clear', async () => {
    for (let round = 0; round < 6; round++) {
      const daemon = await startDaemon(stage.folder, 'churn');
      await sleep(round * 7);
      await daemon.kill();
      await using networks = stage.networks();
      await networks.adopt([]);
      for (const { name } of networks.unused()) await networks.remove(name);
      await settled(idle);
    }
    assert.deepEqual(stage.warnings, []);
  });

  test('says what it could not take over', async () => {
    const first = await startDaemon(stage.folder, 'keep');
    const [kept] = await first.established();
    await first.kill();
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(8200, '0.0.0.0', resolve));
    await using networks = stage.networks();
    await networks.adopt([kept!]);
    assert.match(
      stage.warnings.join('\n'),
      /take over container kept: failed to bind host port for 0\.0\.0\.0:8200:.* address already in use/,
    );
    assert.deepEqual(networks.lookup(kept!.containerId)!.ports, []);
    thief.close();
    await networks.tearDown(kept!.containerId);
  });
});

async function settled(expected: Awaited<ReturnType<Stage['traces']>>): Promise<void> {
  let actual = await stage.traces();
  const same = () => JSON.stringify(actual) === JSON.stringify(expected);
  for (let tries = 0; tries < 400 && !same(); tries++) {
    await sleep(10);
    actual = await stage.traces();
  }
  assert.deepEqual(actual, expected);
}

/** A daemon in a process of its own, which can be killed. */
async function startDaemon(folder: string, work: 'keep' | 'churn') {
  const program = fileURLToPath(new URL('network-daemon.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, folder, work], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout!, 'data');
  return {
    established: async () => JSON.parse(String(line)) as EndpointRequest[],
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
