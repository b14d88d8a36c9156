import { join } from 'node:path';

/** Where hadolint looks, in its order; the first that exists is the only one read. */
export function configCandidates(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const { HOME: home, XDG_CONFIG_HOME: xdg } = environment;
  const both = (parent: string | undefined, ...names: string[]) =>
    parent
      ? names.flatMap((name) => [`${name}.yaml`, `${name}.yml`]).map((n) => join(parent, n))
      : [];
  return [
    ...both(folder, '.hadolint'),
    ...both(xdg || (home && join(home, '.config')), 'hadolint'),
    ...both(home && join(home, '.config'), 'hadolint'),
    ...both(home && join(home, '.hadolint'), 'hadolint', 'config'),
    ...both(home && join(home, 'hadolint'), 'config'),
    ...both(home, '.hadolint'),
  ];
}
