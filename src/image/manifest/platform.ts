import { endianness } from 'node:os';
import { invalid, notFound } from '../../core/index.ts';
import type { Descriptor, Platform } from './descriptor.ts';
import type { Index } from './manifest.ts';

/** Other names of architectures, and the variant some of them imply; as containerd knows them. */
const architectureAliases: Record<string, [architecture: string, variant?: string]> = {
  i386: ['386'],
  i486: ['386'],
  i586: ['386'],
  i686: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

const goArchitecture: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: endianness() === 'LE' ? 'ppc64le' : 'ppc64',
};

const part = /^[a-z0-9_.-]+$/;

/**
 * Parses what `--platform` takes: `os/architecture[/variant]`, `linux` alone for this machine's
 * architecture, or an architecture alone for Linux. Throws `invalid`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((name) => part.test(name))) {
    throw invalid(`parse platform: "${text}" is not os/architecture or os/architecture/variant`);
  }
  if (text === 'linux') return hostPlatform();
  const [os, name, variant] = parts.length === 1 ? ['linux', parts[0]!] : parts;
  const [architecture, implied] = architectureAliases[name!] ?? [name!];
  const chosen = variant ?? implied;
  return { os: os!, architecture, ...(chosen !== undefined && { variant: numbered(chosen) }) };
}

/** `linux/arm64/v8`, as Docker writes it. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** The platform of this machine. */
export function hostPlatform(): Platform {
  const architecture = goArchitecture[process.arch] ?? process.arch;
  const armVersion = (process.config.variables as { arm_version?: string }).arm_version;
  return architecture === 'arm'
    ? { os: 'linux', architecture, variant: `v${armVersion ?? 7}` }
    : { os: 'linux', architecture };
}

/**
 * Whether an image for `offered` runs where `wanted` is asked for: the same, or an earlier variant
 * of its family, or the 32-bit form of an amd64.
 */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  return preference(wanted, offered) !== undefined;
}

/**
 * The manifest of an index that suits the platform best, the first of equals. One without a
 * platform is taken when none suits. Throws `not-found` in Docker's words.
 */
export function selectPlatform(index: Index, wanted: Platform): Descriptor {
  let best: { descriptor: Descriptor; rank: number } | undefined;
  for (const descriptor of index.manifests) {
    const rank = descriptor.platform
      ? preference(wanted, descriptor.platform)
      : Number.MAX_SAFE_INTEGER;
    if (rank !== undefined && (!best || rank < best.rank)) best = { descriptor, rank };
  }
  if (best) return best.descriptor;
  throw notFound(
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
    { code: 'MANIFEST_UNKNOWN', details: { offered: index.manifests.map((one) => one.platform) } },
  );
}

/** 0 for the very platform, more for a lesser one that runs there too, undefined for others. */
function preference(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os) return undefined;
  const names = compatible(wanted);
  const [architecture, variant] = normal(offered);
  const rank = names.findIndex(([name, level]) => name === architecture && level === variant);
  return rank < 0 ? undefined : rank;
}

/** What runs on a platform, best first, as containerd's `platforms.Only` lists it. */
function compatible(platform: Platform): [architecture: string, variant: string][] {
  const [architecture, variant] = normal(platform);
  const [, major, minor] = /^v(\d{1,2})(?:\.(\d{1,2}))?$/.exec(variant) ?? [];
  const level = Number(major ?? 0);
  switch (architecture) {
    case 'amd64':
      return [...levels('amd64', level, 1), ['386', '']];
    case 'arm':
      return levels('arm', level, 5);
    case 'arm64':
      return [...arm64Levels(level, Number(minor ?? 0)), ...levels('arm', 8, 5)];
    default:
      return [[architecture, variant]];
  }
}

function levels(architecture: string, from: number, to: number): [string, string][] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => [
    architecture,
    `v${from - i}`,
  ]);
}

/** v9.x can do all that v8.(x+5) can; v8.0 and v9.0 are written v8 and v9. */
function arm64Levels(major: number, minor: number): [string, string][] {
  const own = Array.from({ length: minor + 1 }, (_, i): [string, string] => {
    const lesser = minor - i;
    return ['arm64', lesser === 0 ? `v${major}` : `v${major}.${lesser}`];
  });
  return major === 9 ? [...own, ...arm64Levels(8, minor + 5)] : own;
}

/** With the variant spelled out that a bare architecture stands for. */
function normal({
  architecture: name,
  variant,
}: Platform): [architecture: string, variant: string] {
  const [architecture, implied] = architectureAliases[name] ?? [name];
  const usual = { amd64: 'v1', arm64: 'v8', arm: 'v7' }[architecture] ?? '';
  return [architecture, numbered(variant || implied || usual)];
}

/** `7` and `v7` are one. */
function numbered(variant: string): string {
  return /^\d/.test(variant) ? `v${variant}` : variant;
}
