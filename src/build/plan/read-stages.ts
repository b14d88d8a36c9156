import type { Pieces, Platform } from '../../core/index.ts';
import {
  type BuildArgs,
  type Dockerfile,
  type GlobalScope,
  globalScope,
  type StageInstruction,
} from '../../dockerfile/index.ts';
import { neededStages, type StageCommand, stageCommands } from './graph.ts';
import { type NamedContexts, type StageList, stageList, targetIndex } from './stages.ts';

/** A file's stages as they are written, and which of them a target needs. */
export interface ReadStages {
  readonly global: GlobalScope;
  readonly list: StageList;
  /** Index of the target. */
  readonly target: number;
  /** By stage. */
  readonly commands: StageCommand[][];
  readonly needed: ReturnType<typeof neededStages>;
}

/** Reads the stages; `triggersOf` gives what ONBUILD adds to one. Throws `invalid` or a fault. */
export function* readStages(
  file: Dockerfile,
  options: {
    readonly buildArgs: BuildArgs;
    readonly target?: string;
    readonly platform: Platform;
    readonly native: Platform;
    readonly contexts: NamedContexts;
  },
  triggersOf: (list: StageList, index: number) => readonly StageInstruction[],
): Pieces<ReadStages> {
  const { platform: targetPlatform, native: buildPlatform } = options;
  const global = globalScope(file, { ...options, targetPlatform, buildPlatform });
  const list = stageList(file, global, options);
  const target = targetIndex(list, options.target);
  const commands: StageCommand[][] = [];
  for (const index of list.nodes.keys()) {
    yield;
    commands.push(stageCommands(list, index, { ...options, triggers: triggersOf(list, index) }));
  }
  return { global, list, target, commands, needed: neededStages(list, commands, target) };
}
