import { invalid } from '../../core/index.ts';
import type { ContainerDefaults, Healthcheck } from '../../image/index.ts';
import type { ContainerConfig } from './container-config.ts';

/**
 * What a container is, from what was asked for and what its image says (moby, runconfig merge). Pure.
 * Throws `invalid` ("no command specified") when neither names a program.
 */
export function mergeImageConfig(
  asked: Readonly<ContainerConfig>,
  image: Readonly<ContainerDefaults>,
): ContainerConfig {
  const { entrypoint, cmd } = command(asked, image);
  return {
    ...asked,
    User: asked.User || image.User || '',
    ExposedPorts: { ...image.ExposedPorts, ...asked.ExposedPorts },
    Env: environment(asked.Env ?? [], image.Env ?? []),
    Entrypoint: entrypoint,
    Cmd: cmd,
    Volumes: { ...image.Volumes, ...asked.Volumes },
    WorkingDir: asked.WorkingDir || image.WorkingDir || '',
    Labels: { ...image.Labels, ...asked.Labels },
    StopSignal: asked.StopSignal || image.StopSignal,
    Healthcheck: healthcheck(asked.Healthcheck, image.Healthcheck),
    OnBuild: asked.OnBuild ?? null,
    Shell: asked.Shell ?? (image.Shell as string[] | undefined),
  };
}

/** Program and arguments. Docker's rule: an entrypoint of one's own leaves the image's command out. */
function command(
  asked: Readonly<ContainerConfig>,
  image: Readonly<ContainerDefaults>,
): { entrypoint: string[] | null; cmd: string[] | null } {
  let entrypoint = asked.Entrypoint ?? null;
  let cmd = asked.Cmd ?? null;
  if (!entrypoint?.length) {
    if (!cmd?.length) cmd = image.Cmd ? [...image.Cmd] : null;
    if (!entrypoint) entrypoint = image.Entrypoint ? [...image.Entrypoint] : null;
  }
  // `--entrypoint ''` arrives as one empty word and takes the image's away.
  if (entrypoint?.length === 1 && entrypoint[0] === '') entrypoint = null;
  if (!entrypoint?.length && !cmd?.length) throw invalid('no command specified');
  return { entrypoint, cmd };
}

function environment(asked: readonly string[], image: readonly string[]): string[] {
  const name = (entry: string) => entry.split('=', 1)[0];
  const own = new Set(asked.map(name));
  return [...asked, ...image.filter((entry) => !own.has(name(entry)))];
}

function healthcheck(
  asked: Healthcheck | undefined,
  image: Healthcheck | undefined,
): Healthcheck | undefined {
  if (!asked || !image) return asked ?? image;
  return {
    Test: asked.Test?.length ? asked.Test : image.Test,
    Interval: asked.Interval || image.Interval,
    Timeout: asked.Timeout || image.Timeout,
    StartPeriod: asked.StartPeriod || image.StartPeriod,
    StartInterval: asked.StartInterval || image.StartInterval,
    Retries: asked.Retries || image.Retries,
  };
}
