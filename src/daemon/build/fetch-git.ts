import { mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Fetcher,
  type GitAddress,
  parseGitAddress,
  type RemoteAccess,
  withoutLogins,
} from '../../build/index.ts';
import { BerthError, invalid, notFound } from '../../core/index.ts';
import { type GitSurroundings, runGit } from './run-git.ts';

/** Fetches with the git program. `knownHostsPath` keeps the keys of ssh servers. */
export function createGitFetcher(knownHostsPath: string): Pick<Fetcher, 'commitOf' | 'git'> {
  return {
    async commitOf(address, { access, signal }) {
      const parsed = addressOf(address);
      if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(parsed.ref)) return parsed.ref;
      const remote = { ...parsed, access, knownHostsPath, signal };
      return withRemote(remote, (surroundings) => commitOf(parsed, surroundings));
    },
    async git(address, { directory, keepGitDir, access, signal }) {
      const parsed = addressOf(address);
      const remote = { ...parsed, access, knownHostsPath, signal };
      return withRemote(remote, (surroundings) =>
        fetchCommit(parsed, { directory, keepGitDir, surroundings }),
      );
    },
  };
}

function addressOf(address: string): GitAddress {
  const parsed = parseGitAddress(address);
  if (!parsed) throw invalid(`fetch ${withoutLogins(address)}: not a git address`);
  if (parsed.remote.startsWith('-') || parsed.ref.startsWith('-')) {
    throw invalid(`fetch ${withoutLogins(address)}: an address or ref may not begin with "-"`);
  }
  return parsed;
}

interface Remote extends GitAddress {
  readonly access: RemoteAccess;
  readonly knownHostsPath: string;
  readonly signal: AbortSignal;
}

/** Lets git reach the remote with what the client lends, for as long as the work takes. */
async function withRemote<T>(
  { remote, access, knownHostsPath, signal }: Remote,
  work: (surroundings: GitSurroundings) => Promise<T>,
): Promise<T> {
  const url = URL.parse(remote);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  const isSsh = url === null || url.protocol === 'ssh:';
  const header = isHttp ? await access.authorization('git', url.host, signal) : undefined;
  if (header !== undefined && /[^\t\x20-\x7e]/.test(header)) {
    throw invalid(`fetch ${withoutLogins(remote)}: the secret for its login is no header's value`);
  }
  await using agent = isSsh ? await access.agent(signal) : undefined;
  const settings: [string, string][] = [];
  const shown = withoutLogins(remote);
  if (shown !== remote) settings.push([`url.${remote}.insteadOf`, shown]);
  if (header !== undefined) {
    settings.push([`http.${url!.origin}/.extraHeader`, `Authorization: ${header}`]);
  }
  try {
    return await work({ settings, agentPath: agent?.socketPath, knownHostsPath, signal });
  } catch (error) {
    if (!(error instanceof BerthError) || error.kind !== 'unavailable') throw error;
    const { kind, message } = error;
    throw new BerthError(kind, `failed to fetch remote ${shown}: ${message}`, { cause: error });
  }
}

/** Asks the server where a ref stands. */
async function commitOf(
  { remote, ref }: GitAddress,
  surroundings: GitSurroundings,
): Promise<string> {
  const wanted = ref || 'HEAD';
  const shown = withoutLogins(remote);
  const listed = await runGit(tmpdir(), ['ls-remote', shown, wanted, `${wanted}^{}`], surroundings);
  const lines = listed.split('\n').map((line) => line.split('\t'));
  const find = (name: string) => lines.find(([, found]) => found === name)?.[0];
  // An annotated tag leads to its commit by the line with `^{}`.
  const commit =
    find(`refs/tags/${wanted}^{}`) ??
    ['', 'refs/heads/', 'refs/tags/'].map((prefix) => find(prefix + wanted)).find(Boolean);
  if (!commit) {
    throw notFound(`failed to fetch remote ${shown}: repository does not contain ref ${wanted}`);
  }
  return commit;
}

/**
 * Puts one commit's files into `directory`, which is empty or missing; fetches no more history than
 * that. Throws `invalid` when there is no such folder in it.
 */
async function fetchCommit(
  { remote, ref, subdirectory }: GitAddress,
  options: { directory: string; keepGitDir: boolean; surroundings: GitSurroundings },
): Promise<{ commit: string }> {
  const work = await mkdtemp(join(dirname(options.directory), '.git-'));
  const git = (...args: string[]) => runGit(work, args, options.surroundings);
  try {
    await git('init', '-q');
    await git('remote', 'add', 'origin', withoutLogins(remote));
    const wanted = ref || 'HEAD';
    await git('fetch', '-q', '--depth=1', '--no-tags', 'origin', wanted).catch(
      async (error: unknown) => {
        // Some servers give away only the tips of branches: then the whole history is needed.
        if (!/^[0-9a-f]{7,64}$/.test(wanted)) throw error;
        await git('fetch', '-q', '--tags', 'origin');
        await git('update-ref', 'FETCH_HEAD', wanted);
      },
    );
    await git('-c', 'advice.detachedHead=false', 'checkout', '-q', 'FETCH_HEAD');
    await git('submodule', 'update', '-q', '--init', '--recursive', '--depth=1');
    const commit = (await git('rev-parse', 'HEAD')).trim();
    if (!options.keepGitDir) await rm(join(work, '.git'), { recursive: true });
    await rename(await subfolderOf(work, subdirectory, remote), options.directory);
    return { commit };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The folder in the repository, which must not lead out of it, be it by a link. */
async function subfolderOf(work: string, folder: string, remote: string): Promise<string> {
  const fetch = `fetch ${withoutLogins(remote)}`;
  const path = await realpath(join(work, folder)).catch((cause: unknown) => {
    throw invalid(`${fetch}: there is no folder ${JSON.stringify(folder)}`, { cause });
  });
  if (!`${path}/`.startsWith(`${await realpath(work)}/`)) {
    throw invalid(`${fetch}: the folder leads out of the repository`);
  }
  return path;
}
