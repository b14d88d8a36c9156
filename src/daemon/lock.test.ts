import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { lockFolder } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-lock-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'berth.pid');
const taker = `
  import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
  try {
    await lockFolder(${JSON.stringify(folder)});
    console.log('has it');
    setInterval(() => {}, 1000);
  } catch (error) {
    console.log(error.message);
  }`;

function startTaker() {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', taker], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = once(child.stdout, 'data').then(([text]) => String(text).trim());
  return { child, said };
}

describe('the lock of a folder', () => {
  it('is taken over from a daemon that was killed, and given back', async () => {
    writeFileSync(path, '1\n');
    const lock = await lockFolder(folder);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    lock[Symbol.dispose]();
    assert.ok(!existsSync(path));
  });

  it('is had by one of many that start at once, until that one is killed', async () => {
    const takers = Array.from({ length: 4 }, startTaker);
    const said = await Promise.all(takers.map((taker) => taker.said));
    const winner = takers[said.indexOf('has it')]!.child;
    const refused = `start daemon: process ${winner.pid} already serves ${folder}`;
    assert.deepEqual(said.toSorted(), ['has it', refused, refused, refused].toSorted());
    const ended = once(winner, 'exit');
    winner.kill('SIGKILL');
    await ended;
    using _ = await lockFolder(folder);
  });

  it('is refused where no folder can be made', async () => {
    await assert.rejects(lockFolder('/proc/no/such'), { code: 'ENOENT' });
  });
});
