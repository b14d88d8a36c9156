import type { DirectoryAction } from '../plan/actions.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import type { LayerStep } from './layer-step.ts';
import { readOwner } from './read-owner.ts';

/** WORKDIR: a layer with the directory, empty when it was there. */
export function directoryStep(
  scope: BuildScope,
  parent: Parent,
  { path, user }: DirectoryAction,
): LayerStep {
  const { filesystems, rootFiles } = scope.ports;
  const inputs = {
    step: 'WORKDIR',
    parent: parent.identity,
    path,
    user,
    epoch: String(scope.epochS ?? ''),
  };
  return {
    quick: undefined,
    look: async () => ({
      inputs,
      details: new Map(),
      deterministic: true,
      async make({ signal }) {
        await using filesystem = await filesystems.prepare(parent.chain);
        const rootPath = await filesystem.mount();
        const owner = await readOwner(rootFiles, async () => rootPath, user);
        await rootFiles.makeDirectory(rootPath, path, {
          ...owner,
          mode: 0o755,
          epochS: scope.epochS,
        });
        return await filesystem.commit({ epochS: scope.epochS, signal });
      },
    }),
  };
}
