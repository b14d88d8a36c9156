import { posix } from 'node:path';
import type { WorkdirInstruction } from '../../../dockerfile/index.ts';
import type { Action } from '../actions.ts';
import { workingDirectory } from '../paths.ts';
import type { StageState } from '../stage-state.ts';

/** WORKDIR, its variables replaced: the root needs no directory, all others are made with a layer of their own. */
export function planWorkdir(
  state: StageState,
  { path }: WorkdirInstruction,
): { action: Action; history: string } {
  const directory = workingDirectory(state.image.config.WorkingDir, path.text);
  state.image.config.WorkingDir = directory;
  const history = `WORKDIR ${directory}`;
  const clean = posix.normalize(directory);
  if (clean === '/') return { action: { kind: 'config' }, history };
  const user = state.image.config.User ?? '';
  return { action: { kind: 'directory', path: clean.replace(/\/$/, ''), user }, history };
}
