import { endianness } from 'node:os';
import { invalid } from './errors.ts';
import { quoted } from './quote.ts';

/** As it stands in JSON (image-spec, image-index.md), in the names of Go: `linux`, `amd64`, `v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

const systems = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const architectures = new Set(
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'.split(
    ' ',
  ),
);

/** Other names of an architecture, each with the variant it implies. */
const aliases: Record<string, readonly [architecture: string, variant?: string]> = {
  i386: ['386', ''],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

const defaultVariants = new Set(['amd64/v1', 'arm64/8', 'arm64/v8', 'arm64/v8.0']);

/** An architecture by its first name, and its variant, '' for the usual one; as containerd has them. */
export function normalArchitecture(
  architecture: string,
  variant: string,
): { architecture: string; variant: string } {
  const lower = architecture.toLowerCase();
  const [name, implied] = aliases[lower] ?? [lower];
  let known = implied ?? variant.toLowerCase();
  if (name === 'arm') {
    if (known === '') known = 'v7';
    else if (/^[5-8]$/.test(known)) known = `v${known}`;
  }
  return { architecture: name, variant: defaultVariants.has(`${name}/${known}`) ? '' : known };
}

/**
 * Reads `os/architecture[/variant]`, or one of the first two alone, the other then being taken from
 * `local`. Throws `invalid` in containerd's words.
 */
export function parsePlatform(text: string, local: Platform = hostPlatform()): Platform {
  const parts = text.split('/');
  const bad = (why: string) => invalid(`${quoted(text)}: ${why}: invalid argument`);
  if (text.includes('*')) throw bad('wildcards not yet supported');
  if (parts.length > 3) throw bad('cannot parse platform specifier');
  for (const part of parts) {
    if (!/^[A-Za-z0-9_.-]+$/.test(part)) {
      throw bad(`${quoted(part)} is an invalid component of a platform specifier`);
    }
  }
  const [first = '', architecture, variant = ''] = parts;
  const os = first.toLowerCase() === 'macos' ? 'darwin' : first.toLowerCase();
  if (architecture !== undefined) return withVariant(os, architecture, variant);
  if (systems.has(os)) return { os, architecture: local.architecture };
  const { architecture: known } = normalArchitecture(first, '');
  if (!architectures.has(known)) throw bad('unknown operating system or architecture');
  return withVariant(local.os, first, '');
}

function withVariant(os: string, written: string, writtenVariant: string): Platform {
  const { architecture, variant } = normalArchitecture(written, writtenVariant);
  if (writtenVariant === '' && architecture === 'arm' && variant === 'v7')
    return { os, architecture };
  if (writtenVariant !== '' && architecture === 'arm64' && variant === '') {
    return { os, architecture, variant: 'v8' };
  }
  return variant === '' ? { os, architecture } : { os, architecture, variant };
}

/** `linux/arm64/v8`, the inverse of `parsePlatform`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

const goArchitecture: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: endianness() === 'LE' ? 'ppc64le' : 'ppc64',
};

/** The platform of this machine. */
export function hostPlatform(): Platform {
  const architecture = goArchitecture[process.arch] ?? process.arch;
  const armVersion = (process.config.variables as { arm_version?: string }).arm_version;
  return architecture === 'arm'
    ? { os: 'linux', architecture, variant: `v${armVersion ?? 7}` }
    : { os: 'linux', architecture };
}
