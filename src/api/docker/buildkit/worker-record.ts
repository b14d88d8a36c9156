import type { WorkerRecord } from './control-messages.ts';
import type { BuildkitPorts } from './ports.ts';

/** Berth as the one worker of its builder. */
export function workerRecord({ platform, hostname }: BuildkitPorts): WorkerRecord {
  const { os, architecture, variant } = platform;
  return {
    ID: 'berth',
    Labels: new Map([
      ['org.mobyproject.buildkit.worker.executor', 'oci'],
      // By this label clients know that archives, caches and pushes are made here.
      ['org.mobyproject.buildkit.worker.snapshotter', 'overlayfs'],
      ['org.mobyproject.buildkit.worker.hostname', hostname],
    ]),
    platforms: [{ OS: os, Architecture: architecture, ...(variant && { Variant: variant }) }],
  };
}
