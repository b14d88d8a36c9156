import type { OciMount } from './spec.ts';

/** A mount whose source was found and checked, ready for the runtime. */
export type BundleMount =
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly destination: string;
      readonly readOnly: boolean;
      /** `rprivate`, `rshared`, … */
      readonly propagation: string;
      /** Leaves out what is mounted below the source. */
      readonly nonRecursive?: boolean;
      /** Makes what is mounted below the source read-only as well. */
      readonly readOnlyRecursive?: boolean;
    }
  | { readonly kind: 'tmpfs'; readonly destination: string; readonly options: readonly string[] };

const mount = (destination: string, type: string, source: string, options: string): OciMount => ({
  destination,
  type,
  source,
  options: options.split(','),
});

const defaultMounts: readonly OciMount[] = [
  mount('/proc', 'proc', 'proc', 'nosuid,noexec,nodev'),
  mount('/dev', 'tmpfs', 'tmpfs', 'nosuid,strictatime,mode=755,size=65536k'),
  mount('/dev/pts', 'devpts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'),
  mount('/sys', 'sysfs', 'sysfs', 'nosuid,noexec,nodev,ro'),
  mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'ro,nosuid,noexec,nodev'),
  mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid,noexec,nodev'),
  mount('/dev/shm', 'tmpfs', 'shm', 'nosuid,noexec,nodev,mode=1777'),
];
/** Written to even in a container whose root is read-only. */
const alwaysWritable = new Set(['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);

/** The defaults that the container's own mounts leave, then those mounts, parents first. */
export function bundleMounts(options: {
  own: readonly BundleMount[];
  /** Undefined for no shared memory at all (`--ipc=none`). */
  shmSizeBytes: number | undefined;
  readOnlyRoot: boolean;
  privileged: boolean;
}): OciMount[] {
  const { own, shmSizeBytes, readOnlyRoot, privileged } = options;
  const taken = new Set(own.map(({ destination }) => destination));
  const kept = defaultMounts
    .filter(({ destination }) => !taken.has(destination))
    .filter(({ destination }) => !(taken.has('/dev') && destination.startsWith('/dev/')))
    .filter(({ destination }) => destination !== '/dev/shm' || shmSizeBytes !== undefined)
    .map((entry) => {
      const { destination, type } = entry;
      if (destination === '/dev/shm') return withOption(entry, `size=${shmSizeBytes}`);
      if (privileged && (destination === '/sys' || type === 'cgroup'))
        return withoutReadOnly(entry);
      if (readOnlyRoot && !alwaysWritable.has(destination)) return withOption(entry, 'ro');
      return entry;
    });
  return [...kept, ...sorted(own).map(toOci)];
}

/** A mount hides what lies below it, so outer ones come first. */
function sorted(mounts: readonly BundleMount[]): BundleMount[] {
  const depth = ({ destination }: BundleMount) => destination.split('/').filter(Boolean).length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

function toOci(entry: BundleMount): OciMount {
  const { destination } = entry;
  if (entry.kind === 'tmpfs') {
    const options = mergeTmpfsOptions(['noexec', 'nosuid', 'nodev', 'rprivate', ...entry.options]);
    return { destination, type: 'tmpfs', source: 'tmpfs', options };
  }
  const { source, readOnly, propagation, nonRecursive, readOnlyRecursive } = entry;
  const options = [nonRecursive ? 'bind' : 'rbind'];
  if (readOnly) options.push(readOnlyRecursive ? 'rro' : 'ro');
  if (propagation) options.push(propagation);
  return { destination, type: 'bind', source, options };
}

function withOption(entry: OciMount, option: string): OciMount {
  return entry.options.includes(option) ? entry : { ...entry, options: [...entry.options, option] };
}

function withoutReadOnly(entry: OciMount): OciMount {
  return { ...entry, options: entry.options.filter((option) => option !== 'ro') };
}

/** Flags that undo each other, by the name of the pair. */
const opposites: Readonly<Record<string, string>> = {
  ro: 'rw',
  async: 'sync',
  noexec: 'exec',
  nosuid: 'suid',
  nodev: 'dev',
  noatime: 'atime',
  nodiratime: 'diratime',
  norelatime: 'relatime',
  nostrictatime: 'strictatime',
  private: 'propagation',
  rprivate: 'propagation',
  shared: 'propagation',
  rshared: 'propagation',
  slave: 'propagation',
  rslave: 'propagation',
  unbindable: 'propagation',
  runbindable: 'propagation',
};

/** One of each kind of option: the last one given. */
function mergeTmpfsOptions(options: readonly string[]): string[] {
  const byKind = new Map<string, string>();
  for (const option of options) {
    const equals = option.indexOf('=');
    const kind = equals < 0 ? (opposites[option] ?? option) : option.slice(0, equals);
    byKind.delete(kind);
    byKind.set(kind, option);
  }
  return [...byKind.values()];
}

/** Whether `--tmpfs` options are ones the kernel's tmpfs knows. */
export function isTmpfsOption(option: string): boolean {
  if (/^(size|nr_blocks|nr_inodes|mode|uid|gid|mpol)=\S+$/.test(option)) return true;
  return option === 'defaults' || option in opposites || Object.values(opposites).includes(option);
}
