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
  const { filesystems, rootFiles, trees } = scope.ports;
  const { epochS } = scope;
  const inputs = {
    step: 'WORKDIR',
    parent: parent.identity,
    path,
    user,
    epoch: String(epochS ?? ''),
  };
  return {
    quick: undefined,
    look: async () => ({
      inputs,
      details: new Map(),
      deterministic: true,
      async make({ signal }) {
        await using filesystem = await filesystems.prepare(parent.chain);
        // Copying an empty directory makes it, and what is missing above it, without a mount.
        await trees.copy({
          sourceRoot: await scope.newFolder('directory'),
          items: [{ sourcePath: '', targetPath: path, shallow: true }],
          targetRoot: filesystem.upperPath,
          owner: await readOwner(rootFiles, () => filesystem.mount(), user),
          mode: 0o755,
          epochS,
          mayLink: false,
          signal,
        });
        return await filesystem.commit({ epochS, signal });
      },
    }),
  };
}
