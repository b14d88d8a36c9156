import { formatPlatform, normalArchitecture, notFound, type Platform } from '../../core/index.ts';
import type { Descriptor } from './descriptor.ts';
import type { Index } from './manifest.ts';

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

const usualVariants: Record<string, string> = { amd64: 'v1', arm: 'v7', arm64: 'v8' };

/** With the variant spelled out that a bare architecture stands for. */
function normal(platform: Platform): [architecture: string, variant: string] {
  const { architecture, variant } = normalArchitecture(
    platform.architecture,
    platform.variant ?? '',
  );
  return [architecture, variant || (usualVariants[architecture] ?? '')];
}
