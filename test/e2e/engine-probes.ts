import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type EngineStage, openStage, removeStage, stageFolder } from './engine-stage.ts';

/** A stage for one file of tests, which checks afterwards that nothing is left, and looks at its containers. */
export function onEngineStage(options: Parameters<typeof openStage>[1] = {}) {
  const folder = stageFolder();
  let opened: EngineStage;
  before(async () => {
    opened = await openStage(folder, options);
  });
  after(async () => {
    await opened[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(folder, 'run', 'containers')), []);
    assert.deepEqual(readdirSync(join(folder, 'containers')), []);
    assert.deepEqual(opened.warnings, []);
    await removeStage(folder);
  });
  const stage = () => opened;
  const containers = () => opened.engine.containers;
  const stateOf = (id: string) => containers().get(id).state;
  const exitOf = (id: string) => {
    const state = stateOf(id);
    assert.equal(state.kind, 'exited');
    return state.kind === 'exited' ? state.exit : undefined;
  };
  const logs = async (id: string) => {
    const lines = opened.engine.streams.logs(id, { stdout: true, stderr: true, follow: false });
    return (await Array.fromAsync(lines))
      .map(({ bytes }) => Buffer.from(bytes).toString())
      .join('');
  };
  /** Starts a container and gives its id once it has said `up`. */
  const up = async (...args: Parameters<EngineStage['create']>) => {
    const id = await opened.create(...args);
    await containers().start(id);
    for await (const line of opened.engine.streams.logs(id, {
      stdout: true,
      stderr: true,
      follow: true,
    })) {
      if (Buffer.from(line.bytes).toString() === 'up\n') return id;
    }
    throw new Error(`ended before it was up: ${await logs(id)}`);
  };
  return { folder, stage, containers, stateOf, exitOf, logs, up };
}
