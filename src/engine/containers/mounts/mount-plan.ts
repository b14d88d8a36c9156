import { posix } from 'node:path';
import { invalid } from '../../../core/index.ts';
import { isTmpfsOption } from '../../bundle/mounts.ts';
import type { HostConfig, MountSpec } from '../container-config.ts';

/** One mount a container asked for, read and checked, before anything on the machine was touched. */
export type MountPlan = BindPlan | VolumePlan | TmpfsPlan;

interface Common {
  readonly destination: string;
  readonly readOnly: boolean;
  /** As `inspect` shows it: the third part of `-v a:b:ro,z`. */
  readonly mode: string;
}

export interface BindPlan extends Common {
  readonly kind: 'bind';
  readonly source: string;
  readonly propagation: string;
  readonly nonRecursive: boolean;
  readonly readOnlyRecursive: 'if-possible' | 'always' | 'never';
  /** `-v` makes a folder that is missing; `--mount` refuses. */
  readonly createSource: boolean;
}

export interface VolumePlan extends Common {
  readonly kind: 'volume';
  /** '' for an anonymous one. */
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Fill it with what the image has at this place while it is empty. */
  readonly copy: boolean;
  /** Folder within it, relative; '' for all of it. */
  readonly subpath: string;
}

export interface TmpfsPlan extends Common {
  readonly kind: 'tmpfs';
  readonly options: readonly string[];
  /** `--tmpfs`, which `inspect` does not list among the mounts. */
  readonly hidden: boolean;
}

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
const modeKinds: Readonly<Record<string, string>> = {
  ro: 'access',
  rw: 'access',
  z: 'label',
  Z: 'label',
  nocopy: 'copy',
  consistent: 'consistency',
  cached: 'consistency',
  delegated: 'consistency',
  default: 'consistency',
  ...Object.fromEntries([...propagations].map((name) => [name, 'propagation'])),
};

/**
 * What `Binds`, `Mounts` and `Tmpfs` ask for. Throws `invalid` in Docker's words, also for a place
 * that is taken twice.
 */
export function planMounts(config: Readonly<HostConfig>): MountPlan[] {
  const plans = [
    ...(config.Binds ?? []).map((text) => parseBind(text, config.VolumeDriver)),
    ...(config.Mounts ?? []).map(parseMountSpec),
    ...Object.entries(config.Tmpfs ?? {}).map(([path, options]) => parseTmpfs(path, options)),
  ];
  const taken = new Set<string>();
  for (const { destination } of plans) {
    if (taken.has(destination)) throw invalid(`Duplicate mount point: ${destination}`);
    taken.add(destination);
  }
  return plans;
}

/** `CONTAINER[:ro|rw|z|Z]` of --volumes-from. */
export function parseVolumesFrom(text: string): { container: string; readOnly: boolean } {
  const colon = text.indexOf(':');
  const container = colon < 0 ? text : text.slice(0, colon);
  const mode = colon < 0 ? '' : text.slice(colon + 1);
  if (container === '') throw invalid('volumes-from specification cannot be an empty string');
  const modes = mode.split(',').filter(Boolean);
  if (modes.some((name) => !['access', 'label'].includes(modeKinds[name] ?? ''))) {
    throw invalid(`invalid mode: ${mode}`);
  }
  return { container, readOnly: modes.includes('ro') };
}

/** `[SOURCE:]DESTINATION[:MODE]` of -v. */
function parseBind(text: string, volumeDriver = ''): MountPlan {
  const bad = (why = '') => invalid(`invalid volume specification: '${text}'${why && `: ${why}`}`);
  const parts = text.split(':');
  if (parts[0] === '' || parts.length > 3) throw bad();
  const [source, target] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!];
  const mode = parts[2] ?? '';
  if (parts.length === 2 && isMode(target)) throw bad();
  if (!isMode(mode)) throw invalid(`invalid mode: ${mode}`);
  const modes = mode.split(',').filter(Boolean);
  const destination = cleanTarget(target, bad);
  const readOnly = modes.includes('ro');
  if (posix.isAbsolute(source)) {
    return {
      kind: 'bind',
      source: posix.normalize(source),
      destination,
      readOnly,
      mode,
      propagation: modes.find((name) => propagations.has(name)) ?? 'rprivate',
      nonRecursive: false,
      readOnlyRecursive: 'if-possible',
      createSource: true,
    };
  }
  return {
    kind: 'volume',
    name: source,
    destination,
    readOnly,
    mode: mode || 'z',
    driver: volumeDriver,
    labels: {},
    options: {},
    copy: !modes.includes('nocopy'),
    subpath: '',
  };
}

function isMode(mode: string): boolean {
  if (mode === '') return true;
  const kinds = mode.split(',').map((name) => modeKinds[name]);
  return !kinds.includes(undefined) && new Set(kinds).size === kinds.length;
}

function parseMountSpec(spec: MountSpec): MountPlan {
  const bad = (why: string) => invalid(`invalid mount config for type "${spec.Type}": ${why}`);
  if (!spec.Target) throw bad('field Target must not be empty');
  const destination = cleanTarget(spec.Target, bad);
  const readOnly = spec.ReadOnly === true;
  switch (spec.Type) {
    case 'bind':
      return bindOf(spec, { destination, readOnly, mode: '' }, bad);
    case 'volume':
      return volumeOf(spec, { destination, readOnly, mode: 'z' }, bad);
    case 'tmpfs':
      return tmpfsOf(spec, { destination, readOnly, mode: '' }, bad);
    default:
      throw bad('mount type unknown');
  }
}

type Bad = (why: string) => Error;

function bindOf(spec: MountSpec, common: Common, bad: Bad): BindPlan {
  const { Source: source = '', BindOptions: options = {} } = spec;
  if (source === '') throw bad('field Source must not be empty');
  if (spec.VolumeOptions) throw bad('field VolumeOptions must not be specified');
  if (!posix.isAbsolute(source)) {
    throw bad(`invalid mount path: '${source}' mount path must be absolute`);
  }
  const propagation = options.Propagation || 'rprivate';
  if (!propagations.has(propagation)) throw bad(`invalid propagation mode: ${propagation}`);
  if (options.ReadOnlyNonRecursive && options.ReadOnlyForceRecursive) {
    throw bad('mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive');
  }
  return {
    ...common,
    kind: 'bind',
    source: posix.normalize(source),
    propagation,
    nonRecursive: options.NonRecursive === true,
    readOnlyRecursive: options.ReadOnlyForceRecursive
      ? 'always'
      : options.ReadOnlyNonRecursive
        ? 'never'
        : 'if-possible',
    createSource: options.CreateMountpoint === true,
  };
}

function volumeOf(spec: MountSpec, common: Common, bad: Bad): VolumePlan {
  const { Source: name = '', VolumeOptions: options = {} } = spec;
  if (spec.BindOptions) throw bad('field BindOptions must not be specified');
  const subpath = options.Subpath ?? '';
  if (subpath !== '') {
    if (name === '') throw bad('must not set Subpath when using anonymous volumes');
    const clean = posix.normalize(subpath);
    if (posix.isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
      throw bad('subpath must be a relative path within the volume');
    }
  }
  if (common.readOnly && name === '') {
    throw bad('must not set ReadOnly mode when using anonymous volumes');
  }
  return {
    ...common,
    kind: 'volume',
    name,
    driver: options.DriverConfig?.Name ?? '',
    labels: options.Labels ?? {},
    options: options.DriverConfig?.Options ?? {},
    copy: options.NoCopy !== true,
    subpath: subpath === '' ? '' : posix.normalize(subpath),
  };
}

function tmpfsOf(spec: MountSpec, common: Common, bad: Bad): TmpfsPlan {
  const { TmpfsOptions: asked = {} } = spec;
  if (spec.Source) throw bad('field Source must not be specified');
  if (spec.BindOptions) throw bad('field BindOptions must not be specified');
  const options = (asked.Options ?? []).map((parts) => {
    if (!['exec', 'noexec'].includes(parts[0] ?? '')) throw bad(`invalid option: ${parts[0]}`);
    return parts.join('=');
  });
  if (asked.Mode) options.push(`mode=${asked.Mode.toString(8)}`);
  if (asked.SizeBytes) options.push(`size=${asked.SizeBytes}`);
  if (common.readOnly) options.push('ro');
  return { ...common, kind: 'tmpfs', options, hidden: false };
}

function parseTmpfs(path: string, text: string): TmpfsPlan {
  const bad: Bad = (why) => invalid(`invalid tmpfs mount "${path}": ${why}`);
  const options = text.split(',').filter(Boolean);
  const unknown = options.find((option) => !isTmpfsOption(option));
  if (unknown !== undefined) throw invalid(`Invalid tmpfs option "${unknown}"`);
  const destination = cleanTarget(path, bad);
  const readOnly = options.includes('ro');
  return { kind: 'tmpfs', destination, readOnly, mode: '', options, hidden: true };
}

function cleanTarget(target: string, bad: Bad): string {
  if (!posix.isAbsolute(target)) {
    throw bad(`invalid mount path: '${target}' mount path must be absolute`);
  }
  const clean = posix.normalize(target).replace(/(.)\/+$/, '$1');
  if (clean === '/') throw bad("invalid specification: destination can't be '/'");
  return clean;
}
