import { setImmediate } from 'node:timers/promises';
import { inTurns } from '../../core/index.ts';
import {
  type BaseImageFacts,
  checkingDockerfile,
  type Dockerfile,
  excerptOf,
} from '../../dockerfile/index.ts';
import { imageKey, type PlanOptions } from '../plan/plan.ts';
import { unusedBuildArgs } from '../plan/unused-args.ts';
import type { BaseImage } from '../ports.ts';
import type { Contexts } from './contexts.ts';
import type { Session } from './session.ts';

const warningsPerTurn = 200;

/** Tells what BuildKit's checks find. Throws when the Dockerfile makes findings errors. */
export async function reportChecks(
  file: Dockerfile,
  {
    session: { request, emit, controller },
    contexts,
    planOptions,
    images,
    needed,
  }: {
    session: Session;
    contexts: Contexts;
    planOptions: PlanOptions;
    images: ReadonlyMap<string, BaseImage>;
    /** Indexes of the stages that the target needs; undefined when that could not be found out. */
    needed: ReadonlySet<number> | undefined;
  },
): Promise<void> {
  const checking = checkingDockerfile(file, {
    buildArgs: request.buildArgs,
    buildPlatform: planOptions.native,
    targetPlatform: planOptions.platform,
    target: planOptions.target,
    options: request.buildArgs.BUILDKIT_DOCKERFILE_CHECK,
    ignore: await contexts.ignoreRules(),
    // Who only asks for checks, and for no target's, means the whole file.
    stages: request.checkOnly && planOptions.target === undefined ? undefined : needed,
    baseImages: {
      get: (name, platform) => factsOf(images.get(imageKey({ name, platform }))),
    },
  });
  const { warnings, error } = await inTurns(checking, controller.signal);
  for (const [at, { check, message, description, range }] of warnings.entries()) {
    if (at % warningsPerTurn === warningsPerTurn - 1) await setImmediate();
    const { line } = range.start;
    const { fileName, source } = file;
    const endLine = range.end.line;
    const place = { fileName, line, endLine, excerpt: excerptOf(source, line, endLine) };
    emit({ kind: 'warning', code: check, message, line, detail: description, place });
  }
  const unused = request.checkOnly ? [] : unusedBuildArgs(file, request.buildArgs);
  if (unused.length > 0) {
    const message = `One or more build-args [${unused.join(' ')}] were not consumed`;
    emit({ kind: 'warning', code: 'UnconsumedBuildArgs', message });
  }
  if (error && (request.checkOnly || /^lint violation/.test(error.message))) throw error;
}

function factsOf(image: BaseImage | undefined): BaseImageFacts | undefined {
  if (!image) return undefined;
  const { os, architecture, variant, config = {} } = image.config;
  const pairs = (config.Env ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    environment: pairs,
    hasShell: (config.Shell ?? []).length > 0,
    triggers: config.OnBuild ?? [],
    platform: { os, architecture, ...(variant && { variant }) },
  };
}
