import { once } from 'node:events';
import type { buildsClient } from '../../client/index.ts';

/**
 * Opens a shell in a step that failed, on this terminal; without one the step is let go. Resolves
 * when the shell has ended.
 */
export async function shellInFailedStep(
  builds: ReturnType<typeof buildsClient>,
  id: string,
): Promise<void> {
  const { stdin, stdout, stderr } = process;
  if (!stdin.isTTY || !stdout.isTTY) {
    stderr.write('berth: --shell-on-error: no terminal to open a shell on\n');
    await builds.dropFailedStep(id);
    return;
  }
  stderr.write('Opening a shell in the failed step; leave it with "exit".\n');
  const shell = await builds.failedStepShell(id, {
    rows: stdout.rows || 24,
    columns: stdout.columns || 80,
  });
  stdin.setRawMode(true);
  try {
    stdin.pipe(shell);
    shell.pipe(stdout, { end: false });
    await once(shell, 'end');
  } finally {
    stdin.setRawMode(false);
    stdin.unpipe(shell);
    stdin.pause();
    shell.destroy();
  }
}
