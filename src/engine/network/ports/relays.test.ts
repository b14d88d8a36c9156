import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RelaySpec } from './relay-protocol.ts';
import { createRelays, type Relays } from './relays.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-relays-'));
const socketPath = join(folder, 'relays.sock');
/** Says what it hears. */
const echo = createServer((socket) => socket.pipe(socket));

const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

const toEcho = (port: number): RelaySpec => ({
  protocol: 'tcp',
  listen: { address: '127.0.0.1', port },
  target: { address: '127.0.0.1', port: portOf(echo) },
});

async function say(socket: Socket, word: string): Promise<string> {
  socket.write(word);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

/** Says a word at a port and gives the answer, or the code of what went wrong. */
async function sayAt(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await say(socket, 'word');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

/** Process ids of those that relay for this test. */
function processes(): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,args=']).toString().split('\n');
  return table
    .filter((line) => line.includes(socketPath) && line.includes('relay-process'))
    .map((line) => Number.parseInt(line, 10));
}

describe('ports relayed by a process of their own', () => {
  const warnings: string[] = [];
  const daemons: Relays[] = [];
  const startDaemon = () => {
    const relays = createRelays({ socketPath, warn: (message) => warnings.push(message) });
    daemons.push(relays);
    return relays;
  };
  before(async () => {
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
  });
  afterEach(async () => {
    const last = startDaemon();
    await last.closeOthers();
    for (const daemon of daemons.splice(0)) await daemon[Symbol.asyncDispose]();
    while (processes().length > 0) await sleep(10);
  });
  after(() => {
    echo.close();
    rmSync(folder, { recursive: true });
  });

  it('start it once, and end it with the last', async () => {
    const daemon = startDaemon();
    const ports = [await freePort(), await freePort()];
    const open = await Promise.all(ports.map((port) => daemon.open(toEcho(port))));
    assert.equal(processes().length, 1);
    for (const port of ports) assert.equal(await sayAt(port), 'word');
    await open[0]![Symbol.asyncDispose]();
    assert.deepEqual(await Promise.all(ports.map(sayAt)), ['ECONNREFUSED', 'word']);
    await open[1]![Symbol.asyncDispose]();
    while (processes().length > 0) await sleep(10);
    const again = await daemon.open(toEcho(ports[0]!));
    assert.equal(await sayAt(ports[0]!), 'word');
    await again[Symbol.asyncDispose]();
  });

  it('are had by one process or the next, however fast they come and go', async () => {
    const daemon = startDaemon();
    const ports = await Promise.all(Array.from({ length: 4 }, freePort));
    await Promise.all(
      ports.map(async (port) => {
        for (let round = 0; round < 8; round++) {
          const open = await daemon.open(toEcho(port));
          assert.equal(await sayAt(port), 'word');
          await open[Symbol.asyncDispose]();
        }
      }),
    );
    assert.deepEqual(warnings, []);
  });

  it('outlive the daemon, with the connections through them, and are taken over', async () => {
    const [port, forgotten] = [await freePort(), await freePort()];
    const first = startDaemon();
    await first.open(toEcho(port));
    await first.open(toEcho(forgotten));
    const client = connect(port, '127.0.0.1');
    assert.equal(await say(client, 'one'), 'one');
    await first[Symbol.asyncDispose]();
    assert.equal(await say(client, 'two'), 'two');
    assert.equal(await sayAt(port), 'word');

    const second = startDaemon();
    const again = await second.open(toEcho(port));
    await second.closeOthers();
    assert.equal(await say(client, 'three'), 'three');
    assert.equal(await sayAt(forgotten), 'ECONNREFUSED');
    assert.equal(processes().length, 1);
    const closed = once(client, 'close');
    await again[Symbol.asyncDispose]();
    await closed;
  });

  it('lead elsewhere when asked to', async () => {
    const daemon = startDaemon();
    const port = await freePort();
    await daemon.open({
      ...toEcho(port),
      target: { address: '127.0.0.1', port: await freePort() },
    });
    await daemon.open(toEcho(port));
    assert.equal(await sayAt(port), 'word');
  });

  it('are refused with the code of who has them', async () => {
    const daemon = startDaemon();
    await assert.rejects(daemon.open(toEcho(portOf(echo))), { code: 'EADDRINUSE' });
    const other: RelaySpec = { ...toEcho(1), listen: { address: '192.0.2.77', port: 1 } };
    await assert.rejects(daemon.open(other), { code: 'EADDRNOTAVAIL' });
  });

  it('are had again by another process when theirs is killed', async () => {
    const daemon = startDaemon();
    const port = await freePort();
    await daemon.open(toEcho(port));
    const [pid] = processes();
    process.kill(pid!, 'SIGKILL');
    while ((await sayAt(port)) !== 'word') await sleep(10);
    assert.notEqual(processes()[0], pid);
    assert.deepEqual(warnings.splice(0), [
      'the process that relays ports has ended: another one takes over',
    ]);
  });
});
