import { type Connection, type ImageConfig, imagesClient } from '../../client/index.ts';
import { type BaseImages, type LintBaseImage, parseDockerfile } from '../../dockerfile/index.ts';
import type { LintInput } from './lint-files.ts';

/** A daemon that takes longer is not waited for: what it knows only sharpens a few rules. */
const patienceMs = 1000;
const mostImages = 50;

/**
 * What the daemon knows of the images that FROM names; nothing when no daemon answers. Nothing is
 * pulled.
 */
export async function askForImages(
  inputs: readonly LintInput[],
  connection: Connection,
): Promise<BaseImages> {
  const images = imagesClient(connection);
  const signal = AbortSignal.timeout(patienceMs);
  const found = new Map<string, LintBaseImage>();
  try {
    for (const name of imageNames(inputs)) {
      const config = await images.config(name, { signal });
      if (config) found.set(name, baseImage(config));
    }
  } catch {
    // No daemon, or not in time: what was found so far is of use all the same.
  }
  return found;
}

/** Names that are images for certain: no stage, no variable. */
function imageNames(inputs: readonly LintInput[]): string[] {
  const names = inputs.flatMap(({ text }) => {
    const { stages } = parseDockerfile(text, { recover: true, snippet: true });
    const own = new Set(stages.map(({ name }) => name));
    return stages
      .map(({ from }) => from.image.text)
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
  };
}
