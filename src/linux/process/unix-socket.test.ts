import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { listenForHeir } from './unix-socket.ts';

describe('listenForHeir', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-heir-'));
  after(() => rmSync(folder, { recursive: true }));

  it('has who connects wait for the program that inherits it', async () => {
    const path = join(folder, 'socket');
    const fd = listenForHeir(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = connect(path);
    await once(client, 'connect');
    const program = `require('net').createServer((c) => c.end('hello')).listen({ fd: 3 });`;
    const heir = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 2, fd] });
    closeSync(fd);
    const [said] = await once(client, 'data');
    assert.equal(String(said), 'hello');
    heir.kill();
    await once(heir, 'exit');
  });

  it('refuses a path in use and one too long', () => {
    const path = join(folder, 'taken');
    closeSync(listenForHeir(path));
    assert.throws(() => listenForHeir(path), { code: 'EADDRINUSE' });
    assert.throws(() => listenForHeir(join(folder, 'x'.repeat(108))), { kind: 'invalid' });
  });
});
