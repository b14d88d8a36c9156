import type { DirectoryAction } from '../plan/actions.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import type { Attempt, LayerStep } from './layer-step.ts';
import { readOwner } from './read-owner.ts';
import { reuseCopy } from './reuse-copy.ts';
import type { Owner } from './users.ts';

/** WORKDIR: a layer with the directory, empty when it was there. */
export function directoryStep(
  scope: BuildScope,
  parent: Parent,
  action: DirectoryAction,
): LayerStep {
  const { path, user } = action;
  const content = { step: 'WORKDIR', path, epoch: String(scope.epochS ?? '') };
  const inputs = { ...content, user, parent: parent.identity };
  return {
    quick: undefined,
    look: async () => ({
      inputs,
      details: new Map(),
      deterministic: true,
      async make(attempt) {
        const view = () => scope.view(parent.chain);
        const owner = await readOwner(scope.ports.rootFiles, view, user);
        return reuseCopy(scope, {
          ...{ parent, inputs, attempt },
          content: { ...content, owner: `${owner.uid}:${owner.gid}` },
          make: () => makeDirectory(scope, parent, { path, owner, attempt }),
        });
      },
    }),
  };
}

async function makeDirectory(
  scope: BuildScope,
  parent: Parent,
  { path, owner, attempt: { signal } }: { path: string; owner: Owner; attempt: Attempt },
) {
  const { epochS } = scope;
  await using filesystem = await scope.ports.filesystems.prepare(parent.chain);
  // Copying an empty directory makes it, and what is missing above it, without a mount.
  const surroundings = await scope.ports.trees.copy({
    sourceRoot: await scope.newFolder('directory'),
    items: [{ sourcePath: '', targetPath: path, shallow: true, contents: true }],
    targetRoot: filesystem.upperPath,
    owner,
    epochS,
    mayLink: false,
    signal,
  });
  return { layer: await filesystem.commit({ epochS, signal }), surroundings };
}
