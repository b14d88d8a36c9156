import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/store/index.ts';
import { endDaemons, shimsOf, startDaemon } from './engine-daemon-process.ts';
import {
  type EngineStage,
  noNetworks,
  openStage,
  removeStage,
  stageFolder,
} from './engine-stage.ts';

/** A part of the volume `data`. */
const Mounts = [
  {
    Type: 'volume' as const,
    Source: 'data',
    Target: '/part',
    VolumeOptions: { Subpath: 'part' },
  },
];

describe('what is cleared up', () => {
  const folder = stageFolder();
  const file = join(folder, 'volumes/data/_data/part/file');
  let stage: EngineStage | undefined;
  afterEach(async () => {
    endDaemons();
    await stage?.[Symbol.asyncDispose]();
    stage = undefined;
    assert.deepEqual(readdirSync(join(folder, 'run/containers')), []);
    // A shim told to go takes its time.
    while (shimsOf(folder).length > 0) await sleep(5);
  });
  after(() => removeStage(folder));
  async function fillVolume({ volumes }: EngineStage): Promise<void> {
    await volumes.create({ name: 'data' });
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, 'kept');
  }

  it('is the mounts first, whatever else did not go', async () => {
    let isStuck = true;
    const networks = {
      ...noNetworks(),
      async tearDown() {
        if (isStuck) throw new Error('the network does not go');
      },
    };
    stage = await openStage(folder, { networks });
    await fillVolume(stage);
    const { id } = await stage.run('cat /part/file', { hostConfig: { Mounts } });
    assert.deepEqual(stage.warnings, [`clear up after container ${id}: the network does not go`]);
    isStuck = false;
    await stage.engine.containers.start(id);
    await stage.engine.containers.wait(id, 'not-running');
    assert.equal(readFileSync(file, 'utf8'), 'kept');
  });

  it('keeps how a container ended, when the daemon goes in the middle of it', async () => {
    const networks = { ...noNetworks(), tearDown: () => new Promise<void>(() => {}) };
    stage = await openStage(folder, { networks });
    const id = await stage.create('exit 7', {
      hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } },
    });
    await stage.engine.containers.start(id);
    while (shimsOf(folder).length > 0) await sleep(5);
    await stage.leave();
    stage = await openStage(folder);
    const { containers } = stage.engine;
    while (containers.get(id).state.kind === 'running') await sleep(5);
    assert.deepEqual(await containers.wait(id, 'not-running'), { code: 7 });
    assert.deepEqual(stage.warnings, []);
  });

  it('is what nobody knows any more, but for what it had of volumes', async () => {
    stage = await openStage(folder);
    await fillVolume(stage);
    await stage.leave();
    const daemon = await startDaemon(folder);
    await daemon.startContainer('sleep 1000', { hostConfig: { Mounts } });
    await daemon.kill();
    {
      using database = openDatabase(join(folder, 'berth.db'));
      database.sqlite.exec('DELETE FROM containers');
    }
    stage = await openStage(folder);
    assert.deepEqual(stage.warnings, []);
    assert.equal(readFileSync(file, 'utf8'), 'kept');
    while (shimsOf(folder).length > 0) await sleep(5);
  });

  it('is a container that cannot be taken over, and none but that', async () => {
    const daemon = await startDaemon(folder);
    const broken = await daemon.startContainer('sleep 1000');
    const whole = await daemon.startContainer('sleep 1000');
    await daemon.kill();
    writeFileSync(join(folder, 'run/containers', broken, 'config.json'), 'no JSON');
    stage = await openStage(folder);
    const { containers } = stage.engine;
    assert.equal(containers.get(whole).state.kind, 'running');
    assert.deepEqual(await containers.wait(broken, 'not-running'), { code: 255 });
    assert.equal(stage.warnings.length, 1);
    assert.match(stage.warnings[0]!, new RegExp(`^adopt container ${broken}: .*JSON`));
    await containers.start(broken);
    assert.equal(containers.get(broken).state.kind, 'running');
  });

  it('is not a container whose runtime is configured no longer', async () => {
    const daemon = await startDaemon(folder, { other: { path: 'runc' } });
    const id = await daemon.startContainer('sleep 1000', { hostConfig: { Runtime: 'other' } });
    await daemon.kill();
    stage = await openStage(folder);
    const { containers } = stage.engine;
    assert.equal(containers.get(id).state.kind, 'running');
    await containers.stop(id, { timeoutS: 0 });
    await assert.rejects(containers.start(id), {
      message: 'unknown or invalid runtime name: other',
    });
    assert.deepEqual(stage.warnings, []);
  });
});
