import { invalid } from '../../core/index.ts';
import type { DeviceRequest } from '../containers/container-config.ts';
import type { OciHook } from './spec.ts';

const driverCapabilities = ['compute', 'compat32', 'graphics', 'utility', 'video', 'display'];
const known = new Set(['gpu', 'nvidia', ...driverCapabilities]);

/**
 * What `--gpus` adds to a bundle: variables, and NVIDIA's hook that brings in devices and libraries.
 * Throws `invalid` in Docker's words when nothing on this machine can serve the request.
 */
export function gpuSupport(
  requests: readonly DeviceRequest[],
  hookPath: string | undefined,
): { env: string[]; hooks: OciHook[] } {
  const env: string[] = [];
  for (const request of requests) {
    const { Driver: driver = '', Capabilities: alternatives = [] } = request;
    const selected = alternatives.find((names) => names.every((name) => known.has(name)));
    if (!hookPath || !selected || (driver !== '' && driver !== 'nvidia')) {
      const listed = alternatives.map((names) => `[${names.join(' ')}]`).join(' ');
      throw invalid(`could not select device driver "${driver}" with capabilities: [${listed}]`);
    }
    env.push(`NVIDIA_VISIBLE_DEVICES=${visibleDevices(request)}`);
    const capabilities = selected.filter((name) => driverCapabilities.includes(name));
    if (capabilities.length > 0) env.push(`NVIDIA_DRIVER_CAPABILITIES=${capabilities.join(',')}`);
  }
  const hooks =
    env.length > 0 && hookPath
      ? [{ path: hookPath, args: ['nvidia-container-runtime-hook', 'prestart'] }]
      : [];
  return { env, hooks };
}

function visibleDevices({ Count: count = 0, DeviceIDs: ids }: DeviceRequest): string {
  if (ids?.length) {
    if (count !== 0) throw invalid("cannot set both 'Count' and 'DeviceIDs' on device request");
    return ids.join(',');
  }
  if (count < 0) return 'all';
  return count === 0 ? 'void' : Array.from({ length: count }, (_, index) => index).join(',');
}
