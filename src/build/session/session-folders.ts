import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Trees } from '../ports.ts';

/** The folders of one build, all removed together. */
export interface SessionFolders extends AsyncDisposable {
  newFolder(purpose: string): Promise<string>;
  newSecretFolder(): Promise<string>;
}

/**
 * Folders below `workRoot`, and below `secretRoot` for what must not reach a disk; both named for
 * the build, so that a start after a crash can remove them.
 */
export function createSessionFolders(options: {
  buildId: string;
  workRoot: string;
  secretRoot: string;
  trees: Trees;
}): SessionFolders {
  const { buildId, trees } = options;
  const work = join(options.workRoot, buildId);
  const secrets = join(options.secretRoot, buildId);
  const used = new Set<string>();
  let count = 0;
  async function make(root: string, purpose: string, mode: number): Promise<string> {
    used.add(root);
    await mkdir(root, { recursive: true, mode: 0o700 });
    const folder = join(root, `${purpose}-${count++}`);
    await mkdir(folder, { mode });
    return folder;
  }
  return {
    newFolder: (purpose) => make(work, purpose, 0o755),
    newSecretFolder: () => make(secrets, 'secret', 0o700),
    async [Symbol.asyncDispose]() {
      for (const root of used) await trees.remove(root);
    },
  };
}
