import { type Connection, type ImageConfig, imagesClient } from '../../client/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import {
  type BaseImages,
  baseImageNames,
  type LintBaseImage,
  type LintOptions,
} from '../../dockerfile/lint/index.ts';
import type { LintInput } from './lint-files.ts';

/** A daemon that takes longer is not waited for: what it knows only sharpens a few rules. */
const patienceMs = 1000;
const mostImages = 50;

const packageManagers = [
  'apk',
  'apt',
  'apt-get',
  'aptitude',
  'dnf',
  'dnf5',
  'microdnf',
  'pacman',
  'yum',
  'zypper',
];
const shells = ['sh', 'ash', 'bash', 'dash', 'fish', 'ksh', 'zsh'];

/**
 * What the daemon knows of the images that FROM names, and finds in them; nothing when no daemon
 * answers. Nothing is pulled.
 */
export async function askForImages(
  inputs: readonly LintInput[],
  connection: Connection,
  buildArgs: LintOptions['buildArgs'] = {},
): Promise<BaseImages> {
  const images = imagesClient(connection);
  const signal = AbortSignal.timeout(patienceMs);
  const found = new Map<string, LintBaseImage>();
  try {
    for (const name of imageNames(inputs, buildArgs)) {
      const config = await images.config(name, { signal });
      if (!config) continue;
      found.set(name, baseImage(config));
      const contents = await images.contents(name, { signal });
      if (contents) found.set(name, { ...baseImage(config), ...factsIn(contents) });
    }
  } catch {
    // No daemon, or not in time: what was found so far is of use all the same.
  }
  return found;
}

/** Names that are images for certain: no stage, no variable without a value. */
function imageNames(
  inputs: readonly LintInput[],
  buildArgs: LintOptions['buildArgs'],
): readonly string[] {
  const names = inputs.flatMap(({ text }) => {
    const dockerfile = parseDockerfile(text, { recover: true, snippet: true });
    const nameOf = baseImageNames(dockerfile, buildArgs);
    const own = new Set(dockerfile.stages.map(({ name }) => name));
    return dockerfile.stages
      .map(({ from }) => nameOf(from))
      .filter((name) => !own.has(name.toLowerCase()) && /^[\w./:@-]+$/.test(name));
  });
  return [...new Set(names)].filter((name) => name !== 'scratch').slice(0, mostImages);
}

/** An image's configuration as the rules want it. */
export function baseImage(config: ImageConfig): LintBaseImage {
  const environment = (config.Env ?? []).map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return {
    user: config.User ?? '',
    workdir: config.WorkingDir ?? '',
    shell: config.Shell ?? [],
    environment: new Map(environment),
    triggers: config.OnBuild ?? [],
    ...(config.Os &&
      config.Architecture && {
        platform: { os: config.Os, architecture: config.Architecture, variant: config.Variant },
      }),
  };
}

function factsIn({
  programs,
  distribution,
}: {
  programs: readonly string[];
  distribution?: string;
}): LintBaseImage {
  const names = new Set(programs);
  return {
    packageManagers: packageManagers.filter((name) => names.has(name)),
    shells: shells.filter((name) => names.has(name)),
    hasShell: names.has('sh'),
    ...(distribution !== undefined && { distribution }),
  };
}
