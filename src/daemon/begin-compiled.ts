import { statSync } from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';

const mark = 'BERTH_BEGAN_ANEW';

/**
 * Starts the program over, in this very process, when its sources had to be compiled: the compiler of
 * types would stay in memory, some 25 MB, for as long as the daemon runs. Returns when everything
 * came out of the cache (NODE_COMPILE_CACHE), and when nothing can be kept there.
 */
export function beginAnewWhenCompiled(): void {
  const cachePath = getCompileCacheDir();
  const hasBegunAnew = process.env[mark] !== undefined;
  delete process.env[mark];
  if (cachePath === undefined || hasBegunAnew) return;
  const before = statSync(cachePath).mtimeMs;
  flushCompileCache();
  if (statSync(cachePath).mtimeMs === before) return;
  const { execPath, execArgv, argv, env } = process;
  process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, [mark]: '1' });
}
