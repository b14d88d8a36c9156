import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Fetcher, type HttpContent, parseGitAddress } from '../../build/index.ts';
import { errorMessage, invalid, notFound, unavailable } from '../../core/index.ts';
import { httpGet } from './http-get.ts';

const headersLimitMs = 60_000;
const gitLimitMs = 30 * 60_000;

/** Fetches over http with the platform's client, and from git with the git program. */
export function createFetcher(): Fetcher {
  return { http: fetchHttp, commitOf, git: fetchGit };
}

/** Throws `not-found` for a 404, `unavailable` for other failures of the server or the network. */
async function fetchHttp(
  url: string,
  { etag, signal }: { etag?: string; signal?: AbortSignal },
): Promise<{ kind: 'unchanged' } | HttpContent> {
  const timeout = AbortSignal.timeout(headersLimitMs);
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason ?? timeout.reason);
  timeout.addEventListener('abort', abort);
  signal?.addEventListener('abort', abort);
  let response: IncomingMessage;
  try {
    response = await httpGet(url, {
      signal: controller.signal,
      headers: { 'accept-encoding': 'identity', ...(etag && { 'if-none-match': etag }) },
    });
  } catch (cause) {
    throw unavailable(`failed to load ${url}: ${errorMessage(cause)}`, { cause });
  } finally {
    timeout.removeEventListener('abort', abort); // the body may take its time
  }
  const { statusCode = 0, headers } = response;
  if (statusCode < 200 || statusCode > 299) {
    response.destroy();
    if (statusCode === 304 && etag !== undefined) return { kind: 'unchanged' };
    const raise = statusCode === 404 ? notFound : unavailable;
    throw raise(`failed to load ${url}: invalid response status ${statusCode}`);
  }
  const modified = Date.parse(headers['last-modified'] ?? '');
  return {
    kind: 'content',
    content: response,
    fileName: dispositionName(headers['content-disposition']) ?? '',
    modifiedAtMs: Number.isNaN(modified) ? undefined : modified,
    etag: headers.etag,
    contentType: headers['content-type'],
  };
}

/** The file name a server suggests (RFC 6266), its last component only. */
function dispositionName(header: string | undefined): string | undefined {
  const name = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i.exec(header ?? '')?.[1];
  return name?.split(/[/\\]/).at(-1) || undefined;
}

/** Asks the server where a ref stands; a whole commit id is taken at its word. */
async function commitOf(address: string, signal?: AbortSignal): Promise<string> {
  const { remote, ref } = addressOf(address);
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return ref;
  const wanted = ref || 'HEAD';
  const listed = await runGit(tmpdir(), ['ls-remote', remote, wanted, `${wanted}^{}`], signal);
  const lines = listed.split('\n').map((line) => line.split('\t'));
  const find = (name: string) => lines.find(([, found]) => found === name)?.[0];
  // An annotated tag leads to its commit by the line with `^{}`.
  const commit =
    find(`refs/tags/${wanted}^{}`) ??
    ['', 'refs/heads/', 'refs/tags/'].map((prefix) => find(prefix + wanted)).find(Boolean);
  if (!commit)
    throw notFound(`failed to fetch remote ${remote}: repository does not contain ref ${wanted}`);
  return commit;
}

/**
 * Puts one commit's files into `directory`, which is empty or missing; fetches no more history than
 * that. The address may carry `#ref` and `:folder`. Throws `invalid` when there is no such ref or
 * folder, `unavailable` when the server fails.
 */
async function fetchGit(
  address: string,
  options: { directory: string; keepGitDir: boolean; signal?: AbortSignal },
): Promise<{ commit: string }> {
  const { remote, ref, subdirectory } = addressOf(address);
  const work = await mkdtemp(join(dirname(options.directory), '.git-'));
  const git = (...args: string[]) => runGit(work, args, options.signal);
  try {
    await git('init', '-q');
    await git('remote', 'add', 'origin', remote);
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
    await rename(await subfolderOf(work, subdirectory, address), options.directory);
    return { commit };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The folder in the repository, which must not lead out of it, be it by a link. */
async function subfolderOf(work: string, folder: string, address: string): Promise<string> {
  const path = await realpath(join(work, folder)).catch((cause: unknown) => {
    throw invalid(`fetch ${address}: there is no folder ${JSON.stringify(folder)}`, { cause });
  });
  if (!`${path}/`.startsWith(`${await realpath(work)}/`)) {
    throw invalid(`fetch ${address}: the folder leads out of the repository`);
  }
  return path;
}

function addressOf(address: string) {
  const parsed = parseGitAddress(address);
  if (!parsed) throw invalid(`fetch ${address}: not a git address`);
  if (parsed.remote.startsWith('-') || parsed.ref.startsWith('-')) {
    throw invalid(`fetch ${address}: an address or ref may not begin with "-"`);
  }
  return parsed;
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
