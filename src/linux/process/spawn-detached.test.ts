import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { reapChild, spawnDetached } from './spawn-detached.ts';

describe('spawnDetached', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-spawn-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const shell = (script: string, fds: readonly number[] = []) =>
    spawnDetached({
      command: 'sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH!, GREETING: 'hello' },
      cwd: folder,
      fds,
    });

  /** What a script says on descriptors 3 and 4. */
  async function said(script: string): Promise<string[]> {
    const path = join(folder, 'said');
    const fd = openSync(path, 'a');
    const pid = await shell(script, [fd, fd]);
    closeSync(fd);
    await reapChild(pid);
    assert.ok(!existsSync(`/proc/${pid}`), 'it is no zombie');
    return readFileSync(path, 'utf8').trim().split('\n');
  }

  it('gives folder, environment, descriptors and a session', async () => {
    const lines = await said(
      'exec >&3; pwd; echo $GREETING; readlink /proc/$$/fd/0; cut -d" " -f6 /proc/$$/stat; echo $$; ls /proc/$$/fd | tr "\\n" " " | xargs',
    );
    const [cwd, greeting, input, session, pid, descriptors] = lines;
    assert.deepEqual([cwd, greeting, input], [folder, 'hello', '/dev/null']);
    assert.equal(session, pid);
    assert.deepEqual(
      descriptors!.split(' ').filter((fd) => Number(fd) < 10),
      ['0', '1', '2', '3', '4'],
    );
  });

  it('resets what this process does with signals', async () => {
    const [ignored, blocked] = await said('grep -E "SigIgn|SigBlk" /proc/$$/status | sort -r >&3');
    assert.match(ignored!, /SigIgn:\s+0+$/);
    assert.match(blocked!, /SigBlk:\s+0+$/);
  });

  it('says what cannot be started', async () => {
    const start = (command: string) =>
      spawnDetached({ command, args: [], env: {}, cwd: folder, fds: [] });
    await assert.rejects(start('no-such-program'), { code: 'ENOENT' });
    await assert.rejects(start(folder), { code: 'EACCES' });
  });

  it('leaves no descriptor behind', async () => {
    const held = openSync('/dev/null', 'r');
    const before = readdirSync('/proc/self/fd').length;
    await reapChild(await shell('true', [held]));
    assert.equal(readdirSync('/proc/self/fd').length, before);
    closeSync(held);
  });
});
