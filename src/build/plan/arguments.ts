import { type ArgInstruction, type Dockerfile, expand } from '../../dockerfile/index.ts';
import type { Platform } from '../../image/index.ts';
import { at } from './fault.ts';
import { formatPlatform } from './platform.ts';

export type BuildArgs = Readonly<Record<string, string | undefined>>;

const proxyNames = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/**
 * The global scope: platform ARGs, and the ARGs before the first FROM with their defaults or the
 * values given for the build. Throws a fault for a default that cannot be expanded.
 */
export function globalScope(
  file: Pick<Dockerfile, 'globalArgs' | 'escapeToken'>,
  options: { buildArgs: BuildArgs; platform: Platform; native: Platform; target: string },
): Map<string, string> {
  const { buildArgs } = options;
  const scope = new Map<string, string>();
  for (const [name, value] of Object.entries(platformArgs(options))) {
    scope.set(name, buildArgs[name] ?? value);
  }
  const lookup = (name: string) => scope.get(name);
  for (const instruction of file.globalArgs) {
    for (const { name, defaultValue } of argDefinitions(instruction)) {
      const value =
        buildArgs[name] ??
        (defaultValue === undefined
          ? undefined
          : at(instruction, () => expand(defaultValue, lookup, { escapeToken: file.escapeToken })));
      if (value !== undefined) scope.set(name, value);
    }
  }
  return scope;
}

/** Name and default of each ARG of an instruction, as written. */
export function argDefinitions(
  instruction: ArgInstruction,
): { name: string; defaultValue: string | undefined }[] {
  return instruction.definitions.map(({ name, defaultValue }) => ({
    name: name.text,
    defaultValue: defaultValue?.text,
  }));
}

function platformArgs(options: { platform: Platform; native: Platform; target: string }) {
  const out: Record<string, string> = {};
  for (const [prefix, platform] of [
    ['BUILD', options.native],
    ['TARGET', options.platform],
  ] as const) {
    out[`${prefix}PLATFORM`] = formatPlatform(platform);
    out[`${prefix}OS`] = platform.os;
    out[`${prefix}ARCH`] = platform.architecture;
    out[`${prefix}VARIANT`] = platform.variant ?? '';
  }
  out.TARGETSTAGE = options.target;
  return out;
}

/** Proxy settings that RUN gets without an ARG; they stay out of keys, image and history. */
export function proxyEnv(buildArgs: BuildArgs): string[] {
  const out: string[] = [];
  for (const [name, value] of Object.entries(buildArgs)) {
    if (value === undefined || !proxyNames.includes(name.toLowerCase())) continue;
    out.push(`${name}=${value}`);
  }
  return out;
}

/** Build arguments that no ARG of the file asks for and that mean nothing by themselves. */
export function unusedBuildArgs(file: Dockerfile, buildArgs: BuildArgs): string[] {
  const declared = new Set<string>();
  for (const instruction of file.instructions) {
    if (instruction.kind !== 'arg') continue;
    for (const { name } of instruction.definitions) declared.add(name.text);
  }
  return Object.keys(buildArgs)
    .filter((name) => !declared.has(name) && !isPredefined(name))
    .sort();
}

function isPredefined(name: string): boolean {
  return (
    proxyNames.includes(name.toLowerCase()) ||
    name.startsWith('BUILDKIT_') ||
    name === 'SOURCE_DATE_EPOCH' ||
    /^(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)$/.test(name)
  );
}
