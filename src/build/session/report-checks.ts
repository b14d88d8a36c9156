import { checkDockerfile, type Dockerfile } from '../../dockerfile/index.ts';
import type { PlanOptions } from '../plan/plan.ts';
import { unusedBuildArgs } from '../plan/unused-args.ts';
import type { Contexts } from './contexts.ts';
import type { Session } from './session.ts';

/** Tells what BuildKit's checks find. Throws when the Dockerfile makes findings errors. */
export async function reportChecks(
  file: Dockerfile,
  {
    session: { request, emit },
    contexts,
    planOptions,
  }: { session: Session; contexts: Contexts; planOptions: PlanOptions },
): Promise<void> {
  const { warnings, error } = checkDockerfile(file, {
    buildArgs: request.buildArgs,
    buildPlatform: planOptions.native,
    targetPlatform: planOptions.platform,
    target: planOptions.target,
    options: request.buildArgs.BUILDKIT_DOCKERFILE_CHECK,
    ignore: await contexts.ignoreRules(),
  });
  for (const { check, message, description, range } of warnings) {
    const { line } = range.start;
    emit({ kind: 'warning', code: check, message, line, detail: description });
  }
  const unused = unusedBuildArgs(file, request.buildArgs);
  if (unused.length > 0) {
    const message = `One or more build-args [${unused.join(' ')}] were not consumed`;
    emit({ kind: 'warning', code: 'UnconsumedBuildArgs', message });
  }
  if (error && (request.checkOnly || /^lint violation/.test(error.message))) throw error;
}
