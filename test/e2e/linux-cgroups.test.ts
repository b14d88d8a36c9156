import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCgroups } from '../../src/linux/index.ts';

test('a cgroup is removed when nothing is in it, not before', () => {
  const cgroups = openCgroups();
  const place = cgroups.version === 2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  const parent = `/berth-e2e-${process.pid}`;
  mkdirSync(join(place, parent, 'child'), { recursive: true });
  cgroups.removeEmpty(parent);
  assert.ok(existsSync(join(place, parent, 'child')));
  cgroups.removeEmpty(`${parent}/child`);
  cgroups.removeEmpty(parent);
  assert.ok(!existsSync(join(place, parent)));
});
