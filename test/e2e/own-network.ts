import { spawnSync } from 'node:child_process';

const mark = 'BERTH_TEST_OWN_NETWORK';

/**
 * Runs the calling test file in network and mount namespaces of its own, where it may make
 * interfaces, rules and mounts that the machine never sees. Call it before anything else.
 */
export function useOwnNetwork(): void {
  if (process.env[mark]) return;
  const { status, error } = spawnSync(
    'unshare',
    ['--net', '--mount', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [mark]: '1' } },
  );
  if (error) throw error;
  process.exit(status ?? 1);
}
