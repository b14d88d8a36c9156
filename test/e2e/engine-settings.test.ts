import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { onEngineStage } from './engine-probes.ts';

const { folder, stage, containers, up } = onEngineStage();

describe('creation', () => {
  it('refuses in Docker’s words and leaves nothing', async () => {
    const first = await stage().create('true', { name: 'taken' });
    const before = readdirSync(join(folder, 'containers'));
    await assert.rejects(stage().create('true', { name: 'taken' }), {
      kind: 'conflict',
      message: `Conflict. The container name "/taken" is already in use by container "${first}". You have to remove (or rename) that container to be able to reuse that name.`,
    });
    await assert.rejects(stage().create('true', { config: { Image: 'nope' } }), {
      kind: 'not-found',
      message: /No such image: nope:latest/,
    });
    await assert.rejects(
      stage().create('true', { config: { Image: 'busybox', Cmd: [], Entrypoint: [''] } }),
      {
        message: 'no command specified',
      },
    );
    await assert.rejects(
      stage().create('true', {
        name: 'gone',
        hostConfig: { Mounts: [{ Type: 'bind', Source: '/no/where', Target: '/x' }] },
      }),
      {
        message: 'invalid mount config for type "bind": bind source path does not exist: /no/where',
      },
    );
    assert.deepEqual(readdirSync(join(folder, 'containers')), before);
    await containers().remove(await stage().create('true', { name: 'gone' }));
  });

  it('finds containers by name, id and the beginning of an id', async () => {
    const id = await stage().create('true', { name: 'by-name' });
    for (const ref of ['by-name', '/by-name', id, id.slice(0, 12)]) {
      assert.equal(containers().get(ref).id, id);
    }
    assert.match(containers().get(await stage().create('true')).name, /^[a-z]+_[a-z]+\d?$/);
  });

  it('renames, and frees the old name', async () => {
    const id = await stage().create('true', { name: 'old-name' });
    await containers().rename(id, 'new-name');
    assert.equal(containers().get('new-name').id, id);
    await assert.rejects(containers().rename(id, 'new-name'), /same name as its current name/);
    await assert.rejects(containers().rename(id, 'bad/name'), /Invalid container name/);
    assert.equal(
      containers().get(await stage().create('true', { name: 'old-name' })).name,
      'old-name',
    );
  });
});

describe('inside', () => {
  it('is what was asked for', async () => {
    const { stdout } = await stage().run(
      'id; pwd; cat /proc/self/oom_score_adj; ulimit -n; grep NoNewPrivs /proc/self/status; touch /x; mount | grep /scratch',
      {
        config: { User: 'me', WorkingDir: '/work/deep' },
        hostConfig: {
          ReadonlyRootfs: true,
          OomScoreAdj: 300,
          Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
          SecurityOpt: ['no-new-privileges'],
          Tmpfs: { '/scratch': 'size=1m' },
        },
      },
    );
    assert.match(stdout, /uid=1000\(me\)/);
    assert.match(stdout, /\n\/work\/deep\n300\n100\n/);
    assert.match(stdout, /NoNewPrivs:\t1/);
    assert.match(stdout, /x: Read-only file system/);
    assert.match(stdout, /\/scratch.*size=1024k/);
  });

  it('shares namespaces and memory with others', async () => {
    const donor = await up('echo shared > /dev/shm/note; echo up; sleep 1000', {
      hostConfig: { IpcMode: 'shareable' },
    });
    const { stdout } = await stage().run('cat /dev/shm/note; ps | grep -c "[s]leep 1000"', {
      hostConfig: { IpcMode: `container:${donor}`, PidMode: `container:${donor}` },
    });
    assert.equal(stdout, 'shared\n1\n');
    await containers().remove(donor, { force: true });
    const id = await stage().create('true', { hostConfig: { PidMode: `container:${donor}` } });
    await assert.rejects(containers().start(id), /No such container/);
  });

  it('has an init when asked for', async () => {
    const { stdout } = await stage().run('cat /proc/1/comm', { hostConfig: { Init: true } });
    assert.match(stdout, /^(docker-init|tini)/);
  });
});

describe('volumes', () => {
  it('fills a new one from the image, keeps it, and drops anonymous ones', async () => {
    const Binds = ['berth-e2e-data:/etc'];
    const Volumes = { '/home/me': {} };
    const { id } = await stage().run('echo more >> /etc/group', {
      config: { Volumes },
      hostConfig: { Binds },
    });
    const { stdout } = await stage().run('tail -1 /data/group; stat -c %a /data', {
      hostConfig: { Binds: ['berth-e2e-data:/data'] },
    });
    assert.match(stdout, /^more\n755\n$/);
    const anonymous = containers()
      .get(id)
      .mounts.find(({ destination }) => destination === '/home/me');
    assert.ok(anonymous?.name && stage().volumes.get(anonymous.name));
    const taken = await stage().create('true', { hostConfig: { VolumesFrom: [`${id}:ro`] } });
    assert.deepEqual(
      containers()
        .get(taken)
        .mounts.map(({ destination, readWrite }) => [destination, readWrite]),
      [
        ['/etc', false],
        ['/home/me', false],
      ],
    );
    await containers().remove(taken);
    await containers().remove(id, { volumes: true });
    assert.throws(() => stage().volumes.get(anonymous.name!), { kind: 'not-found' });
    assert.ok(stage().volumes.get('berth-e2e-data'));
  });

  it('binds folders, makes those of -v, and keeps a part of a volume inside it', async () => {
    const source = join(folder, 'made/by/v');
    await stage().run('echo in > /in/x', { hostConfig: { Binds: [`${source}:/in`] } });
    assert.equal(readFileSync(join(source, 'x'), 'utf8'), 'in\n');
    await stage().run('mkdir -p /v/sub; echo part > /v/sub/f; ln -s /etc /v/out', {
      hostConfig: { Binds: ['berth-e2e-part:/v'] },
    });
    const part = (Subpath: string) => ({
      hostConfig: {
        Mounts: [
          {
            Type: 'volume' as const,
            Source: 'berth-e2e-part',
            Target: '/p',
            VolumeOptions: { Subpath },
          },
        ],
      },
    });
    assert.equal((await stage().run('cat /p/f', part('sub'))).stdout, 'part\n');
    await assert.rejects(stage().run('ls /p', part('out')), /cannot access path/);
  });
});
