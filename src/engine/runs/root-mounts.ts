import type { EngineParts } from '../engine-parts.ts';

/** Mounted roots of containers, for who reads or writes files in them while they do not run. */
export interface RootMounts {
  /** Mounts a container's root, or finds it mounted; dispose lets go. */
  open(id: string): Promise<{ rootPath: string } & AsyncDisposable>;
  isHeld(id: string): boolean;
}

export function createRootMounts(
  parts: Pick<EngineParts, 'snapshots' | 'runs' | 'inTurn' | 'table'>,
): RootMounts {
  const holds = new Map<string, number>();
  const isHeld = (id: string) => (holds.get(id) ?? 0) > 0;

  async function release(id: string): Promise<void> {
    const left = (holds.get(id) ?? 1) - 1;
    if (left > 0) {
      holds.set(id, left);
      return;
    }
    holds.delete(id);
    // A start that is going on keeps the mount; its turn is over when this one comes.
    await parts.inTurn(id, async () => {
      if (isHeld(id) || parts.runs.has(id) || !parts.table.get(id)) return;
      await (await parts.snapshots.get(id)).unmount();
    });
  }

  return {
    isHeld,
    async open(id) {
      holds.set(id, (holds.get(id) ?? 0) + 1);
      try {
        const snapshot = await parts.snapshots.get(id);
        const rootPath = await snapshot.mount();
        return { rootPath, [Symbol.asyncDispose]: () => release(id) };
      } catch (error) {
        await release(id);
        throw error;
      }
    },
  };
}
