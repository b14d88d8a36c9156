import { openSync } from 'node:fs';
import { errnoCode, invalid, unsupported } from '../../core/index.ts';
import { closeFd, openDirectory } from '../files/at.ts';
import { type MountParameter, mountAttributes, mountNew } from './new-mount.ts';
import { longestMountData, mountFlags, mountOld } from './old-mount.ts';

/** An overlayfs to mount. All paths are absolute directories. */
export interface OverlayRequest {
  /** Read-only layers, the topmost first; at least one, or two without `upper`. */
  readonly lowers: readonly string[];
  /**
   * Where changes go; without it the mount is read-only. `workPath` is an empty directory on the same
   * filesystem. `volatile` leaves syncs out: what the mount wrote is lost when the machine stops.
   */
  readonly upper?: {
    readonly path: string;
    readonly workPath: string;
    readonly volatile?: boolean;
  };
  readonly target: string;
}

/**
 * Mounts overlays, whole or not at all. Directory renames and metadata-only copies are off, so an
 * upper directory always tells the whole difference.
 */
export interface Overlays {
  /**
   * Throws errors shaped as Node's fs does; `unsupported` for more layers than the kernel takes. The
   * caller owns the mount, and sees to it that no upper directory is mounted twice.
   */
  mount(request: OverlayRequest): Promise<void>;
  /** How many layers one mount takes whose paths have that many bytes. */
  layerLimit(pathBytes: number): number;
}

/** OVL_MAX_STACK of the kernel. */
const mostLayers = 500;
/** What the old way's one string also has to hold: upper, work and switches. */
const reservedBytes = 1024;

/**
 * `descriptors` adds layers one by one (fsconfig `lowerdir+`, Linux 6.8); `string` is mount(2), whose
 * options must fit in a page. By default the first mount finds out which one the kernel has.
 */
export function createOverlays(way?: 'descriptors' | 'string'): Overlays {
  let chosen = way;
  async function mount(request: OverlayRequest): Promise<void> {
    if (chosen === 'string') return await mountByString(request);
    try {
      await mountByParameters(request);
    } catch (error) {
      // Kernels that do not know `lowerdir+` answer EINVAL, as for any other mistake.
      if (chosen !== undefined || !['ENOSYS', 'EINVAL'].includes(errnoCode(error) ?? ''))
        throw error;
      await mountByString(request).catch(() => {
        throw error;
      });
      chosen = 'string';
      return;
    }
    chosen = 'descriptors';
  }
  function layerLimit(pathBytes: number): number {
    const fitting = Math.floor((longestMountData - reservedBytes) / (pathBytes + 1));
    return chosen === 'string' ? Math.min(fitting, mostLayers) : mostLayers;
  }
  return { mount, layerLimit };
}

const switches = [
  { key: 'index', value: 'off' },
  { key: 'redirect_dir', value: 'nofollow' },
  { key: 'metacopy', value: 'off' },
] as const;
/** A parameter of fsconfig is cut off at 256 bytes; longer paths go as descriptors. */
const longestValue = 255;

async function mountByParameters({ lowers, upper, target }: OverlayRequest): Promise<void> {
  const opened: number[] = [];
  const directory = (key: string, path: string): MountParameter => {
    if (Buffer.byteLength(path) <= longestValue) return { key, value: path };
    const fd = openSync(path, openDirectory);
    opened.push(fd);
    return { key, fd };
  };
  try {
    const parameters: MountParameter[] = [
      { key: 'source', value: 'overlay' },
      ...lowers.map((path) => directory('lowerdir+', path)),
      ...switches,
    ];
    if (upper) {
      parameters.push(directory('upperdir', upper.path), directory('workdir', upper.workPath));
      if (upper.volatile) parameters.push({ key: 'volatile' });
    }
    const attributes = upper ? 0 : mountAttributes.readOnly;
    await mountNew('overlay', parameters, { target, attributes });
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}

async function mountByString({ lowers, upper, target }: OverlayRequest): Promise<void> {
  for (const path of [...lowers, ...(upper ? [upper.path, upper.workPath] : [])]) {
    if (/[,:\\]/.test(path)) {
      throw invalid(`mount overlay ${target}: the path "${path}" holds one of , : \\`);
    }
  }
  const options = [
    ...switches.map(({ key, value }) => `${key}=${value}`),
    `lowerdir=${lowers.join(':')}`,
    ...(upper ? [`upperdir=${upper.path}`, `workdir=${upper.workPath}`] : []),
    ...(upper?.volatile ? ['volatile'] : []),
  ];
  const data = options.join(',');
  if (Buffer.byteLength(data) > longestMountData) {
    throw unsupported(`mount overlay ${target}: ${lowers.length} layers are too many for mount(2)`);
  }
  const flags = upper ? 0 : mountFlags.readOnly;
  await mountOld({ source: 'overlay', target, type: 'overlay', flags, data });
}
