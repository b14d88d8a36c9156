import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { watchNameservers } from './resolv-conf.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-resolv-'));
after(() => rmSync(folder, { recursive: true }));

it('reads nameservers again when the file has changed, or is gone', () => {
  const path = join(folder, 'resolv.conf');
  const clock = { ms: 0 };
  const nameservers = watchNameservers(path, () => clock.ms);
  assert.deepEqual(nameservers(), []);
  writeFileSync(path, 'nameserver 1.1.1.1\nnameserver fe80::1%eth0\nnameserver nonsense\n');
  assert.deepEqual(nameservers(), []);
  clock.ms += 1000;
  assert.deepEqual(nameservers(), ['1.1.1.1', 'fe80::1%eth0']);
  writeFileSync(path, 'nameserver 127.0.0.53\n');
  clock.ms += 1000;
  assert.deepEqual(nameservers(), ['127.0.0.53']);
  rmSync(path);
  clock.ms += 1000;
  assert.deepEqual(nameservers(), []);
});
