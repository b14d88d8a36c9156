import { execFile } from 'node:child_process';
import { unavailable } from '../../core/index.ts';

const limitMs = 30 * 60_000;

/** How git reaches one remote. What it must not show stands in its environment alone. */
export interface GitSurroundings {
  /** Settings beside the ones of the repository, as `git config` has them. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  /** Socket of the ssh agent that may be used; no other key is. */
  readonly agentPath: string | undefined;
  /** Keys of servers that were met, which must not change (ssh's own format). */
  readonly knownHostsPath: string;
  readonly signal: AbortSignal;
}

/**
 * Runs git without configuration, prompts, hooks, helpers or keys of anybody on this machine; gives
 * what it printed. Throws `unavailable` with what it complained of.
 */
export function runGit(
  cwd: string,
  args: readonly string[],
  surroundings: GitSurroundings,
): Promise<string> {
  const { signal } = surroundings;
  const all = ['-c', 'protocol.ext.allow=never', '-c', 'core.hooksPath=/dev/null', ...args];
  const options = { cwd, env: environmentOf(surroundings), signal, timeout: limitMs };
  return new Promise((resolve, reject) => {
    execFile('git', all, { ...options, maxBuffer: 1 << 24 }, (cause, stdout, stderr) => {
      if (cause === null) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      else reject(unavailable(`git ${args[0]}: ${stderr.trim() || cause.message}`, { cause }));
    });
  });
}

function environmentOf({ settings, agentPath, knownHostsPath }: GitSurroundings) {
  const ssh = [
    'ssh -F /dev/null -o BatchMode=yes -o IdentityFile=/dev/null',
    `-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile='"${knownHostsPath}"'`,
  ];
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'http:https:ssh:git',
    GIT_SSH_COMMAND: ssh.join(' '),
    ...(agentPath !== undefined && { SSH_AUTH_SOCK: agentPath }),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
