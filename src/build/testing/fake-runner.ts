import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Runner, RunRequest } from '../ports.ts';

type Outcome = Awaited<ReturnType<Runner['run']>>;

/** What a command of a test does: it may write, print, wait for the signal, and gives an exit code. */
export type FakeCommand = (request: RunRequest, args: string[]) => number | Promise<number>;

const builtIn: Record<string, FakeCommand> = {
  true: () => 0,
  exit: (_request, [code]) => Number(code),
  echo(request, args) {
    request.onOutput('stdout', Buffer.from(`${args.join(' ')}\n`));
    return 0;
  },
  write(request, [path, ...text]) {
    const real = join(request.rootPath, path!);
    mkdirSync(dirname(real), { recursive: true });
    writeFileSync(real, text.join(' '));
    return 0;
  },
  rm(request, [path]) {
    rmSync(join(request.rootPath, path!), { recursive: true });
    return 0;
  },
  env(request) {
    request.onOutput('stdout', Buffer.from(`${request.env.join('\n')}\n`));
    return 0;
  },
  /** Prints a file as the step sees it, mounts considered. */
  cat(request, [path]) {
    const mount = request.mounts.find(({ target }) => `${path}/`.startsWith(`${target}/`));
    const real = mount ? mount.source + path!.slice(mount.target.length) : request.rootPath + path;
    request.onOutput('stdout', readFileSync(real));
    return 0;
  },
};

/**
 * Runs `/bin/sh -c` lines of a very small language: commands joined with `&&`, words with blanks.
 * Remembers every request.
 */
export function createFakeRunner(commands: Record<string, FakeCommand> = {}) {
  const requests: RunRequest[] = [];
  const known: Record<string, FakeCommand> = { ...builtIn, ...commands };
  const runner: Runner = {
    async run(request): Promise<Outcome> {
      requests.push(request);
      for (const line of request.argv.at(-1)!.split(/ && |\n/)) {
        const [name, ...args] = line.trim().split(' ');
        if (!name) continue;
        const command = known[name];
        if (!command) {
          request.onOutput('stderr', Buffer.from(`/bin/sh: ${name}: not found\n`));
          return { exitCode: 127, oomKilled: false };
        }
        const exitCode = await command(request, args);
        if (exitCode !== 0) return { exitCode, oomKilled: exitCode === 137 };
      }
      return { exitCode: 0, oomKilled: false };
    },
  };
  return { ...runner, requests };
}
