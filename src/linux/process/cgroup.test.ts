import assert from 'node:assert/strict';
import { it } from 'node:test';
import { controllerMounts, hierarchyMounts, openCgroups } from './cgroup.ts';

it('finds where each controller, and each hierarchy, is mounted', () => {
  const table = [
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
    'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0',
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
  ].join('\n');
  assert.deepEqual(
    hierarchyMounts(table),
    ['cpu,cpuacct', 'unified', 'memory'].map((name) => `/sys/fs/cgroup/${name}`),
  );
  const mounts = controllerMounts(table);
  assert.equal(mounts.get('cpuacct'), '/sys/fs/cgroup/cpu,cpuacct');
  assert.equal(mounts.get('memory'), '/sys/fs/cgroup/memory');
  assert.equal(mounts.get('pids'), undefined);
});

it('reads nothing of a cgroup that is not there', () => {
  const cgroups = openCgroups();
  const path = '/berth-nobody/here';
  assert.deepEqual(cgroups.processes(path), []);
  assert.equal(cgroups.oomKills(path), 0);
  assert.equal(cgroups.read(path, 'memory', 'memory.stat'), '');
  cgroups.kill(path);
  cgroups.removeEmpty(path);
});
