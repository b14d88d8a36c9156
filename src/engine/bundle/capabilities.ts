import { invalid } from '../../core/index.ts';

/** In the kernel's order: the place of a name is its bit (include/uapi/linux/capability.h). */
const names =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG
  MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
  BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** What Docker gives a container that asks for nothing. */
export const defaultCapabilities: readonly string[] =
  `CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE
  SYS_CHROOT KILL AUDIT_WRITE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** Names of the bits of a mask as `/proc/self/status` shows it, in hexadecimal. */
export function capabilitiesOfMask(hex: string): string[] {
  const mask = BigInt(`0x${hex}`);
  return names.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

/**
 * The capabilities of a container, by Docker's rules of `--cap-add`, `--cap-drop` and
 * `--privileged`. `available` are those the daemon itself may hand on. Throws `invalid`.
 */
export function containerCapabilities(
  asked: { add?: readonly string[]; drop?: readonly string[]; privileged?: boolean },
  available: readonly string[],
): readonly string[] {
  if (asked.privileged) return available;
  const add = (asked.add ?? []).map((name) => normalize(name, available));
  const drop = (asked.drop ?? []).map((name) => normalize(name, available));
  if (add.includes('ALL')) return available.filter((name) => !drop.includes(name));
  if (drop.includes('ALL')) return add;
  const kept = defaultCapabilities.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}

function normalize(text: string, available: readonly string[]): string {
  const upper = text.toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!names.includes(name)) throw invalid(`unknown capability: "${name}"`);
  if (!available.includes(name)) {
    throw invalid(
      `capability not supported by your kernel or not available in the current environment: "${name}"`,
    );
  }
  return name;
}
