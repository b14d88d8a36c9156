import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type EngineStage, openStage, removeStage, stageFolder } from './engine-stage.ts';

describe('containers with the real runtime', () => {
  const folder = stageFolder();
  let stage: EngineStage;
  before(async () => {
    stage = await openStage(folder);
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(folder, 'run', 'containers')), []);
    assert.deepEqual(readdirSync(join(folder, 'containers')), []);
    assert.deepEqual(stage.warnings, []);
    await removeStage(folder);
  });

  it('runs a program to its end', async () => {
    const { code, stdout, id } = await stage.run('echo "hello $USER from $HOSTNAME"; exit 3');
    assert.equal(stdout, `hello  from ${id.slice(0, 12)}\n`);
    assert.equal(code, 3);
    const { state } = stage.engine.containers.get(id);
    assert.ok(state.kind === 'exited' && state.exit.code === 3);
    assert.deepEqual(stage.actions(id), ['create', 'attach', 'start', 'die']);
    await stage.engine.containers.remove(id);
    assert.throws(() => stage.engine.containers.get(id), { message: `No such container: ${id}` });
  });
});
