import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Trees } from '../ports.ts';

/** The folders of one build, all removed together; what held secrets is gone when dispose is done. */
export interface SessionFolders extends AsyncDisposable {
  newFolder(purpose: string): Promise<string>;
  newSecretFolder(): Promise<string>;
}

/** So long after a build its client has its answer. */
const answerMs = 20;

/**
 * Folders below `workRoot`, and below `secretRoot` for what must not reach a disk; both named for
 * the build, so that a start after a crash can remove them.
 */
export function createSessionFolders(options: {
  buildId: string;
  workRoot: string;
  secretRoot: string;
  trees: Trees;
  /** Waits for what may be removed after the build has ended. */
  sweep: (removal: Promise<void>) => void;
}): SessionFolders {
  const { buildId, trees, sweep } = options;
  // Short: the path of a socket may have 107 bytes.
  const name = buildId.slice(0, 16);
  const work = join(options.workRoot, name);
  const secrets = join(options.secretRoot, name);
  let count = 0;
  // In place: a turn of the thread pool costs more than the call.
  async function make(root: string, purpose: string, mode: number): Promise<string> {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const folder = join(root, `${purpose}-${count++}`);
    mkdirSync(folder, { mode });
    return folder;
  }
  return {
    newFolder: (purpose) => make(work, purpose, 0o755),
    newSecretFolder: () => make(secrets, 'secret', 0o700),
    async [Symbol.asyncDispose]() {
      // A context of many files takes its time to go, and the answer to the client goes first.
      sweep(wait(answerMs).then(() => trees.remove(work)));
      await trees.remove(secrets);
    },
  };
}
