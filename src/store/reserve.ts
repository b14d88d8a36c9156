import { rmSync, statSync, writeFileSync } from 'node:fs';

/** Disk space kept for the moment when there is no other. */
export interface Reserve {
  /** Frees it; false when it is gone already. It is kept anew from the next start on. */
  giveUp(): boolean;
}

const reservedBytes = 4 * 2 ** 20;

/** Keeps the space in a file at `path`; on a disk that is full already there is none. */
export function openReserve(path: string): Reserve {
  let isKept = statSync(path, { throwIfNoEntry: false })?.size === reservedBytes;
  if (!isKept) {
    try {
      writeFileSync(path, Buffer.alloc(reservedBytes), { mode: 0o600 });
      isKept = true;
    } catch {
      rmSync(path, { force: true });
    }
  }
  return {
    giveUp() {
      const wasKept = isKept;
      isKept = false;
      rmSync(path, { force: true });
      return wasKept;
    },
  };
}
