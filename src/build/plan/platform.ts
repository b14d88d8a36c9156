import { invalid } from '../../core/index.ts';
import type { Platform } from '../../image/index.ts';

const architectures: Record<string, [architecture: string, variant?: string]> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  i386: ['386'],
};

const systems = new Set(['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'wasip1']);

const known = new Set([
  ...['amd64', '386', 'arm', 'arm64', 'ppc64', 'ppc64le', 's390x', 'mips', 'mipsle', 'mips64'],
  ...['mips64le', 'riscv64', 'loong64', 'wasm'],
]);

/**
 * Parses `os/arch[/variant]`, `arch` or `os`, with the spellings containerd takes as the same. What
 * is missing comes from `native`. Throws `invalid`.
 */
export function parsePlatform(text: string, native: Platform): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
    throw invalid(
      `"${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
    );
  }
  const [first = '', second, variant] = parts.map((part) => part.toLowerCase());
  if (second === undefined) {
    if (systems.has(first)) return { ...native, os: first };
    const { architecture, variant: implied } = canonical(first);
    if (!known.has(architecture)) {
      throw invalid(`"${text}": unknown operating system or architecture: invalid argument`);
    }
    return { os: native.os, architecture, ...(implied && { variant: implied }) };
  }
  const { architecture, variant: implied } = canonical(second, variant);
  return { os: first, architecture, ...(implied && { variant: implied }) };
}

function canonical(
  architecture: string,
  variant?: string,
): { architecture: string; variant?: string } {
  const [name, implied] = architectures[architecture] ?? [architecture];
  const chosen = variant ?? implied;
  if (name === 'arm' && chosen === undefined) return { architecture: name, variant: 'v7' };
  if (name === 'arm' && /^\d$/.test(chosen!)) return { architecture: name, variant: `v${chosen}` };
  if (name === 'arm64' && (chosen === '8' || chosen === 'v8')) return { architecture: name };
  if (name === 'amd64' && chosen === 'v1') return { architecture: name };
  return { architecture: name, ...(chosen !== undefined && { variant: chosen }) };
}

/** `os/arch[/variant]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}
