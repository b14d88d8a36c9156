import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Fetcher } from '../../build/index.ts';
import { type ByteStream, errorMessage, invalid, notFound, unavailable } from '../../core/index.ts';

const headersLimitMs = 60_000;
const gitLimitMs = 30 * 60_000;

/** Fetches over http with the platform's client, and from git with the git program. */
export function createFetcher(): Fetcher {
  return { http: fetchHttp, git: fetchGit };
}

/** Throws `not-found` for a 404, `unavailable` for other failures of the server or the network. */
async function fetchHttp(
  url: string,
  signal?: AbortSignal,
): Promise<{ content: ByteStream; fileName?: string; modifiedAtMs?: number }> {
  const timeout = AbortSignal.timeout(headersLimitMs);
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason ?? timeout.reason);
  timeout.addEventListener('abort', abort);
  signal?.addEventListener('abort', abort);
  let response: Response;
  try {
    response = await fetch(url, {
      signal: controller.signal,
      headers: { 'accept-encoding': 'identity' },
    });
  } catch (cause) {
    const { cause: reason } = cause as { cause?: unknown };
    throw unavailable(`failed to load ${url}: ${errorMessage(reason ?? cause)}`, { cause });
  } finally {
    timeout.removeEventListener('abort', abort); // the body may take its time
  }
  if (!response.ok || response.body === null) {
    const raise = response.status === 404 ? notFound : unavailable;
    throw raise(`failed to load ${url}: invalid response status ${response.status}`);
  }
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  return {
    content: response.body,
    fileName: dispositionName(response.headers.get('content-disposition')),
    ...(Number.isNaN(modified) ? {} : { modifiedAtMs: modified }),
  };
}

/** The file name a server suggests (RFC 6266), its last component only. */
function dispositionName(header: string | null): string | undefined {
  const name = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i.exec(header ?? '')?.[1];
  return name?.split(/[/\\]/).at(-1) || undefined;
}

/**
 * Puts one commit's files into `directory`, which must not exist; fetches no more history than
 * that. The address may carry `#ref` and `:folder`. Throws `invalid` when there is no such ref or
 * folder, `unavailable` when the server fails.
 */
async function fetchGit(
  address: string,
  options: { directory: string; keepGitDir: boolean; signal?: AbortSignal },
): Promise<{ commit: string }> {
  const { url, ref, folder } = parseGitAddress(address);
  const work = await mkdtemp(join(dirname(options.directory), '.git-'));
  const git = (...args: string[]) => runGit(work, args, options.signal);
  try {
    await git('init', '-q');
    await git('remote', 'add', 'origin', url);
    const wanted = ref ?? 'HEAD';
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
    await rename(
      folder === undefined ? work : subfolderOf(work, folder, address),
      options.directory,
    );
    return { commit };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function subfolderOf(work: string, folder: string, address: string): string {
  const path = join(work, folder);
  if (!`${path}/`.startsWith(`${work}/`))
    throw invalid(`fetch ${address}: the folder leads out of the repository`);
  return path;
}

/** `https://host/repo.git#ref:folder`, also git@host:repo and github.com/user/repo. */
export function parseGitAddress(address: string): { url: string; ref?: string; folder?: string } {
  const hash = address.indexOf('#');
  const remote = hash < 0 ? address : address.slice(0, hash);
  const [ref, folder] = hash < 0 ? [] : address.slice(hash + 1).split(/:(.*)/s);
  const url = /^github\.com\//.test(remote) ? `https://${remote}` : remote;
  if (url.startsWith('-') || ref?.startsWith('-'))
    throw invalid(`fetch ${address}: an address or ref may not begin with "-"`);
  return { url, ...(ref && { ref }), ...(folder && { folder }) };
}

/** Git runs without the user's configuration, prompts, hooks or helpers that run programs. */
function runGit(cwd: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'http:https:ssh:git',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK,
  };
  return new Promise((resolve, reject) => {
    const all = ['-c', 'protocol.ext.allow=never', '-c', 'core.hooksPath=/dev/null', ...args];
    execFile(
      'git',
      all,
      { cwd, env, signal, timeout: gitLimitMs, maxBuffer: 1 << 24 },
      (cause, stdout, stderr) => {
        if (cause === null) resolve(stdout);
        else
          reject(
            unavailable(
              `failed to fetch remote: git ${args.join(' ')}: ${stderr.trim() || cause.message}`,
              { cause },
            ),
          );
      },
    );
  });
}
