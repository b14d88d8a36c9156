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
  const size = () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 });
  const shell = await builds.failedStepShell(id, size());
  // The shell may end meanwhile: then there is nothing left to have a size.
  const onResize = () => void builds.resizeFailedStep(id, size()).catch(() => {});
  stdin.setRawMode(true);
  stdout.on('resize', onResize);
  try {
    stdin.pipe(shell);
    shell.pipe(stdout, { end: false });
    await once(shell, 'end');
  } finally {
    stdout.off('resize', onResize);
    stdin.setRawMode(false);
    stdin.unpipe(shell);
    stdin.pause();
    shell.destroy();
  }
}
