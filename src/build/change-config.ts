import { invalid } from '../core/index.ts';
import {
  globalScope,
  locate,
  parseDockerfile,
  type StageInstruction,
} from '../dockerfile/index.ts';
import type { ContainerDefaults, ImageConfig } from '../image/index.ts';
import { imageConfig } from './export/image-config.ts';
import { draftFromImage } from './plan/image-draft.ts';
import { applyMetadata } from './plan/instructions/metadata.ts';
import { planWorkdir } from './plan/instructions/workdir.ts';
import { evaluate, type StageState, stageState } from './plan/stage-state.ts';

const allowed = new Set([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'stopsignal',
  'user',
  'volume',
  'workdir',
]);

/**
 * What an image says of how to run it, after Dockerfile instructions were applied: the `--change` of
 * `docker commit` and `docker import`. Throws `invalid` for an instruction that needs a build.
 */
export function changeConfig(image: ImageConfig, changes: readonly string[]): ContainerDefaults {
  const dockerfile = parseDockerfile(changes.join('\n'), { snippet: true });
  const { os, architecture } = image;
  const platform = { os, architecture };
  const global = globalScope(dockerfile, { targetPlatform: platform, buildPlatform: platform });
  const draft = draftFromImage(image);
  const state = stageState(
    { dockerfile, buildArgs: {}, global, networkMode: 'default', allow: new Set() },
    draft,
  );
  locate(dockerfile, () => {
    for (const instruction of dockerfile.orphans) apply(state, instruction);
  });
  const { config = {} } = imageConfig(draft, {
    diffIds: [],
    layerTimesMs: new Map(),
    labels: {},
    epochS: undefined,
  });
  return {
    ...config,
    ...(image.config?.OnBuild && { OnBuild: [...image.config.OnBuild, ...draft.triggers] }),
  };
}

function apply(state: StageState, written: StageInstruction): void {
  if (!allowed.has(written.kind)) {
    throw invalid(`${written.keyword.text.toLowerCase()} is not a valid change command`);
  }
  const instruction = evaluate(state, written);
  if (instruction.kind === 'workdir') planWorkdir(state, instruction);
  else applyMetadata(state, instruction as Parameters<typeof applyMetadata>[1]);
}
