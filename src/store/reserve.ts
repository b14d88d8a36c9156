import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Disk space kept for the moment when there is no other. */
export interface Reserve {
  /** Frees it; false when it is gone already. */
  giveUp(): boolean;
  /** Keeps it anew once there is room again; looks once a second, and costs nothing while kept. */
  restore(): void;
}

const reservedBytes = 4 * 2 ** 20;
/** Less is for who frees space just now. */
const roomBytes = 4 * reservedBytes;
const lookIntervalMs = 1000;

/** Keeps the space in a file at `path`; on a disk that is full already there is none. */
export function openReserve(path: string): Reserve {
  let isKept = statSync(path, { throwIfNoEntry: false })?.size === reservedBytes;
  let lookedAtMs = 0;
  function keep(): void {
    try {
      writeFileSync(path, Buffer.alloc(reservedBytes), { mode: 0o600 });
      isKept = true;
    } catch {
      rmSync(path, { force: true });
    }
  }
  if (!isKept) keep();
  return {
    giveUp() {
      const wasKept = isKept;
      isKept = false;
      rmSync(path, { force: true });
      return wasKept;
    },
    restore() {
      if (isKept || Date.now() - lookedAtMs < lookIntervalMs) return;
      lookedAtMs = Date.now();
      const { bavail, bsize } = statfsSync(dirname(path));
      if (bavail * bsize >= roomBytes) keep();
    },
  };
}
