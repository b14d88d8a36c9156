import { invalid } from '../../core/index.ts';
import type { HostFacts } from './host-facts.ts';
import { defaultSeccomp, parseSeccompProfile, resolveSeccomp } from './seccomp.ts';
import type { OciSeccomp } from './spec.ts';

/** `--security-opt`, read. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile?: string;
  /** `unconfined`, `builtin`, or a profile's JSON text. */
  readonly seccompProfile?: string;
}

/** Throws `invalid` in Docker's words. SELinux labels are accepted and have no effect. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let apparmorProfile: string | undefined;
  let seccompProfile: string | undefined;
  for (const option of options) {
    if (option === 'no-new-privileges') {
      noNewPrivileges = true;
      continue;
    }
    if (option === 'disable') continue;
    const [, key, value = ''] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? [];
    switch (key) {
      case 'no-new-privileges':
        if (value !== 'true' && value !== 'false') {
          throw invalid(`invalid --security-opt 2: "${option}"`);
        }
        noNewPrivileges = value === 'true';
        break;
      case 'apparmor':
        apparmorProfile = value;
        break;
      case 'seccomp':
        seccompProfile = value;
        break;
      case 'label':
        break;
      default:
        throw invalid(`invalid --security-opt ${key === undefined ? 1 : 2}: "${option}"`);
    }
  }
  return { noNewPrivileges, apparmorProfile, seccompProfile };
}

/** The system call filter of a container; undefined for none. Throws `invalid` on a bad profile. */
export function containerSeccomp(
  { seccompProfile = '' }: SecurityOptions,
  options: { host: HostFacts; privileged: boolean; capabilities: readonly string[] },
): OciSeccomp | undefined {
  const { host, privileged, capabilities } = options;
  if (seccompProfile === 'unconfined' || (privileged && seccompProfile === '')) return undefined;
  const isDefault = seccompProfile === '' || seccompProfile === 'builtin';
  if (!host.seccomp) {
    if (isDefault) return undefined;
    throw invalid('seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
  }
  const { arch, kernel, missingAbis } = host;
  const target = { capabilities, arch, kernel, missingAbis };
  return isDefault
    ? defaultSeccomp(target)
    : resolveSeccomp(parseSeccompProfile(seccompProfile), target);
}
