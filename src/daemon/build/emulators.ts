import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emulators } from '../../build/index.ts';
import { errnoCode, hostPlatform, type Platform } from '../../core/index.ts';

const binfmtPath = '/proc/sys/fs/binfmt_misc';

/** QEMU's names of the architectures, as its binfmt_misc entries carry them. */
const qemuNames: Record<string, string> = {
  amd64: 'qemu-x86_64',
  arm64: 'qemu-aarch64',
  arm: 'qemu-arm',
  '386': 'qemu-i386',
  ppc64le: 'qemu-ppc64le',
  s390x: 'qemu-s390x',
  riscv64: 'qemu-riscv64',
  mips64le: 'qemu-mips64el',
  loong64: 'qemu-loongarch64',
};

/** Asks the kernel which foreign programs it can start (Documentation/admin-guide/binfmt-misc). */
export function createEmulators(): Emulators {
  const native = hostPlatform();
  return {
    native,
    supports: async (platform: Platform) => {
      if (platform.os !== 'linux') return false;
      if (platform.architecture === native.architecture) return true;
      if (native.architecture === 'amd64' && platform.architecture === '386') return true;
      return enabledEntries().includes(qemuNames[platform.architecture] ?? '');
    },
  };
}

function enabledEntries(): string[] {
  try {
    return readdirSync(binfmtPath).filter(
      (name) =>
        name.startsWith('qemu-') &&
        readFileSync(join(binfmtPath, name), 'utf8').startsWith('enabled'),
    );
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}
