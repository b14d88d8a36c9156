import { formatPlatform, formatReference, invalid, unsupported } from '../../core/index.ts';
import type { BuildRequest } from '../builder.ts';
import type { Plan, PlanOptions } from '../plan/plan.ts';
import type { NamedContexts } from '../plan/stages.ts';
import type { Emulators } from '../ports.ts';
import { layoutImageName } from './layouts.ts';

/** What a request means for its plan. Throws `unsupported` for a network builds cannot have. */
export function planOptionsOf(request: BuildRequest, emulators: Emulators): PlanOptions {
  return {
    buildArgs: request.buildArgs,
    target: request.target || undefined,
    platform: request.platform ?? emulators.native,
    native: emulators.native,
    contexts: namedContexts(request),
    networkMode: networkModeOf(request),
    allow: request.allow ?? [],
  };
}

function namedContexts({ contexts = {} }: BuildRequest): NamedContexts {
  return new Map(
    Object.entries(contexts).map(([name, context]) => [
      name.toLowerCase(),
      contextMeaning(name, context),
    ]),
  );
}

function contextMeaning(name: string, context: NonNullable<BuildRequest['contexts']>[string]) {
  if (context.kind === 'image') return { image: formatReference(context.reference) };
  if (context.kind === 'layout' || context.kind === 'content')
    return { image: layoutImageName(name, context) };
  return 'files' as const;
}

function networkModeOf({ networkMode = 'default' }: BuildRequest): PlanOptions['networkMode'] {
  switch (networkMode) {
    case '':
    case 'default':
    case 'bridge':
      return 'default';
    case 'host':
    case 'none':
      return networkMode;
    default:
      throw unsupported(
        `network mode ${JSON.stringify(networkMode)} not supported for builds: default, none or host`,
      );
  }
}

/** SOURCE_DATE_EPOCH in seconds. Throws `invalid`. */
export function epochOf({ buildArgs }: BuildRequest): number | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return undefined;
  const epochS = Number(text);
  if (!/^\d+$/.test(text) || epochS > 8.64e12) {
    throw invalid(`invalid SOURCE_DATE_EPOCH: ${text}: not a number of seconds`);
  }
  return epochS;
}

/** Refuses what has to run programs of a platform that cannot run here. */
export async function checkPlatforms(plan: Plan, emulators: Emulators): Promise<void> {
  for (const stage of plan.stages.values()) {
    const run = stage.steps.find(({ action }) => action.kind === 'run');
    const { platform } = stage.image;
    if (!run || (await emulators.supports(platform))) continue;
    const wanted = formatPlatform(platform);
    throw unsupported(
      `build for ${wanted}: line ${run.step.line} runs a program, and this machine runs ${formatPlatform(emulators.native)} only: no emulator for ${wanted} is registered in /proc/sys/fs/binfmt_misc`,
    );
  }
}
