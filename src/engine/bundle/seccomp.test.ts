import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultCapabilities } from './capabilities.ts';
import { defaultSeccomp, parseSeccompProfile, resolveSeccomp } from './seccomp.ts';

const plain = {
  capabilities: defaultCapabilities,
  arch: 'x64',
  kernel: [6, 1],
  missingAbis: [],
} as const;
const allowed = (filter: ReturnType<typeof defaultSeccomp>, name: string) =>
  filter.syscalls.some(
    ({ names, action, args }) => names.includes(name) && action === 'SCMP_ACT_ALLOW' && !args,
  );

describe('the default seccomp filter', () => {
  const filter = defaultSeccomp(plain);
  for (const [name, expected] of [
    ['openat', true],
    ['chroot', true], // CAP_SYS_CHROOT is a default capability
    ['ptrace', true], // since kernel 4.8
    ['arch_prctl', true],
    ['mount', false],
    ['bpf', false],
    ['keyctl', false],
    ['open_by_handle_at', false],
    ['s390_pci_mmio_read', false],
  ] as const) {
    it(`${expected ? 'allows' : 'denies'} ${name}`, () => {
      assert.equal(allowed(filter, name), expected);
    });
  }

  it('denies by default with EPERM and covers 32-bit calls', () => {
    assert.deepEqual([filter.defaultAction, filter.defaultErrnoRet], ['SCMP_ACT_ERRNO', 1]);
    assert.deepEqual(filter.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  });

  it('leaves out an ABI the kernel does not serve', () => {
    const filter = defaultSeccomp({ ...plain, missingAbis: ['SCMP_ARCH_X32'] });
    assert.deepEqual(filter.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  });

  it('opens what a capability stands for, and clone in full', () => {
    const admin = defaultSeccomp({ ...plain, capabilities: ['CAP_SYS_ADMIN'] });
    for (const name of ['mount', 'unshare', 'bpf', 'clone', 'clone3']) {
      assert.ok(allowed(admin, name), name);
    }
    assert.ok(!allowed(admin, 'chroot'));
    assert.ok(!admin.syscalls.some(({ action }) => action === 'SCMP_ACT_ERRNO'));
  });

  it('keeps ptrace closed on kernels where it escapes a filter', () => {
    assert.ok(!allowed(defaultSeccomp({ ...plain, kernel: [4, 7] }), 'ptrace'));
  });
});

describe('parseSeccompProfile', () => {
  for (const text of ['', '[]', '{}', 'null', '{"defaultAction":1}']) {
    it(`refuses ${text || 'nothing'}`, () => {
      assert.throws(() => parseSeccompProfile(text), { kind: 'invalid' });
    });
  }
  it('takes a profile without rules', () => {
    const profile = parseSeccompProfile('{"defaultAction":"SCMP_ACT_LOG","syscalls":null}');
    assert.deepEqual(resolveSeccomp(profile, plain).syscalls, []);
  });
});
