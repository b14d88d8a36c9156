import type { Platform } from '../../core/index.ts';
import { type BuildArgs, type GlobalScope, globalScope } from '../global-scope.ts';
import type { FromInstruction } from '../instruction.ts';
import type { Dockerfile } from '../parse.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What a build here would be for, and run on, unless it is told otherwise. */
export const lintPlatform: Platform = {
  os: 'linux',
  architecture: architectures[process.arch] ?? process.arch,
};

/**
 * The image or stage that a FROM names once variables are replaced, by the build's arguments and the
 * defaults of ARG; as written when that leaves nothing, or no build could do it.
 */
export function baseImageNames(
  dockerfile: Dockerfile,
  buildArgs: BuildArgs = {},
): (from: FromInstruction) => string {
  let scope: GlobalScope | undefined;
  try {
    const isUsed = dockerfile.stages.some(({ from }) => from.image.text.includes('$'));
    if (isUsed) {
      scope = globalScope(dockerfile, {
        buildArgs,
        buildPlatform: lintPlatform,
        targetPlatform: lintPlatform,
      });
    }
  } catch {
    // A fault in an ARG is reported by the checks of the build.
  }
  return ({ image, ...from }) => {
    if (!scope || !image.text.includes('$')) return image.text;
    try {
      // What its platform makes of it is another matter.
      return scope.expandFrom({ ...from, image, platform: undefined }).image.text;
    } catch {
      return image.text;
    }
  };
}
