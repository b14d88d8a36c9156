import { errorMessage, invalid } from '../../core/index.ts';
import { defaultSeccompProfile } from './seccomp-profile.ts';
import type { OciSeccomp, OciSyscallArgument } from './spec.ts';

/** A profile in Docker's own format: rules with conditions, resolved for one container. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly SeccompRule[] | null;
}

export interface SeccompRule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly OciSyscallArgument[] | null;
  readonly includes?: SeccompCondition | null;
  readonly excludes?: SeccompCondition | null;
}

interface SeccompCondition {
  readonly caps?: readonly string[];
  /** libseccomp's names: `amd64`, `arm64`. */
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

/** What conditions are tested against. */
export interface SeccompTarget {
  readonly capabilities: readonly string[];
  /** Node's name: `x64`. */
  readonly arch: string;
  readonly kernel: readonly [major: number, minor: number];
  /** Architectures left out because the kernel serves none of their calls. */
  readonly missingAbis: readonly string[];
}

const archNames: Readonly<Record<string, readonly [libseccomp: string, oci: string]>> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
  arm: ['arm', 'SCMP_ARCH_ARM'],
  ia32: ['x86', 'SCMP_ARCH_X86'],
  ppc64: ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  riscv64: ['riscv64', 'SCMP_ARCH_RISCV64'],
  s390x: ['s390x', 'SCMP_ARCH_S390X'],
};

/** Reads a profile that a user handed in. Throws `invalid` in Docker's words. */
export function parseSeccompProfile(json: string): SeccompProfile {
  try {
    const profile = JSON.parse(json) as SeccompProfile;
    if (typeof profile?.defaultAction !== 'string') throw new Error('defaultAction is missing');
    if (profile.architectures?.length && profile.archMap?.length) {
      throw new Error("both 'architectures' and 'archMap' are specified in the seccomp profile");
    }
    return profile;
  } catch (cause) {
    throw invalid(`decoding seccomp profile failed: ${errorMessage(cause)}`, { cause });
  }
}

/** The filter of a container: the rules whose conditions hold there. */
export function resolveSeccomp(profile: SeccompProfile, target: SeccompTarget): OciSeccomp {
  const [arch = target.arch, ociArch] = archNames[target.arch] ?? [];
  const mapped = profile.archMap?.find(({ architecture }) => architecture === ociArch);
  const architectures = (
    mapped ? [mapped.architecture, ...(mapped.subArchitectures ?? [])] : profile.architectures
  )?.filter((name) => !target.missingAbis.includes(name));
  const syscalls = (profile.syscalls ?? [])
    .filter((rule) => !anyHolds(rule.excludes, arch, target))
    .filter((rule) => allHold(rule.includes, arch, target))
    .map(({ name, names = name ? [name] : [], action, errnoRet, args }) => ({
      names,
      action,
      ...(errnoRet !== undefined && { errnoRet }),
      ...(args?.length && { args }),
    }));
  const { defaultAction, defaultErrnoRet, flags } = profile;
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    ...(architectures?.length && { architectures }),
    ...(flags?.length && { flags }),
    syscalls,
  };
}

const resolvedDefaults = new Map<string, OciSeccomp>();

/** The default profile, kept once resolved: most containers have the same capabilities. */
export function defaultSeccomp(target: SeccompTarget): OciSeccomp {
  const key = JSON.stringify(target);
  let resolved = resolvedDefaults.get(key);
  if (!resolved) {
    resolved = resolveSeccomp(defaultSeccompProfile, target);
    resolvedDefaults.set(key, resolved);
  }
  return resolved;
}

function anyHolds(
  condition: SeccompCondition | null | undefined,
  arch: string,
  target: SeccompTarget,
): boolean {
  if (!condition) return false;
  const { caps = [], arches = [], minKernel } = condition;
  return (
    arches.includes(arch) ||
    caps.some((name) => target.capabilities.includes(name)) ||
    (minKernel !== undefined && kernelAtLeast(target.kernel, minKernel))
  );
}

function allHold(
  condition: SeccompCondition | null | undefined,
  arch: string,
  target: SeccompTarget,
): boolean {
  if (!condition) return true;
  const { caps = [], arches = [], minKernel } = condition;
  return (
    (arches.length === 0 || arches.includes(arch)) &&
    caps.every((name) => target.capabilities.includes(name)) &&
    (minKernel === undefined || kernelAtLeast(target.kernel, minKernel))
  );
}

function kernelAtLeast([major, minor]: readonly [number, number], wanted: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
