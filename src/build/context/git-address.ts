import { invalid } from '../../core/index.ts';

/** Where a git repository is and what of it is meant. */
export interface GitAddress {
  readonly remote: string;
  /** Branch, tag or commit; '' is the default branch. */
  readonly ref: string;
  /** '' is all of it. */
  readonly subdirectory: string;
  /** The commit it must lead to, whole or abbreviated. */
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  /** Written like a path (`github.com/…`): COPY and ADD take it as one. */
  readonly looksLocal: boolean;
}

const scpForm = /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:(?!\/\/)/;

/**
 * Understands `https://….git`, `git://`, `ssh://`, `user@host:path` and `github.com/…`, each with
 * `#ref:subdir` or, where it is a URL, a query (`?ref=…&subdir=…`). Undefined when the text is no
 * git address; throws `invalid` when it is a contradictory one.
 */
export function parseGitAddress(text: string): GitAddress | undefined {
  if (/^\.{1,2}\//.test(text)) return undefined;
  const hash = text.indexOf('#');
  const beforeHash = hash < 0 ? text : text.slice(0, hash);
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const colon = fragment.indexOf(':');
  const parts = {
    ref: colon < 0 ? fragment : fragment.slice(0, colon),
    subdirectory: colon < 0 ? '' : fragment.slice(colon + 1),
    checksum: undefined,
    keepGitDir: undefined,
  };
  if (scpForm.test(text)) return { ...parts, remote: beforeHash, looksLocal: false };
  const looksLocal = text.startsWith('github.com/');
  const url = URL.parse(looksLocal ? `https://${beforeHash}` : beforeHash);
  if (!url || !isGitUrl(url, looksLocal)) return undefined;
  const query = readQuery(url.searchParams, text);
  if (fragment !== '' && (query.ref !== undefined || query.subdirectory !== undefined)) {
    throw invalid(
      `parse git address ${JSON.stringify(withoutLogins(text))}: both a fragment and a query`,
    );
  }
  url.search = '';
  return {
    remote: url.href,
    ref: query.ref ?? parts.ref,
    subdirectory: query.subdirectory ?? parts.subdirectory,
    checksum: query.checksum,
    keepGitDir: query.keepGitDir,
    looksLocal,
  };
}

function isGitUrl(url: URL, looksLocal: boolean): boolean {
  if (url.protocol === 'git:' || url.protocol === 'ssh:') return true;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  return looksLocal || url.pathname.endsWith('.git');
}

interface GitQuery {
  ref?: string;
  subdirectory?: string;
  checksum?: string;
  keepGitDir?: boolean;
}

function readQuery(parameters: URLSearchParams, text: string): GitQuery {
  const query: GitQuery = {};
  for (const [key, value] of parameters) {
    if (['ref', 'branch', 'tag'].includes(key)) {
      if (query.ref !== undefined) {
        throw invalid(
          `parse git address ${JSON.stringify(withoutLogins(text))}: more than one ref`,
        );
      }
      query.ref = value;
    } else if (key === 'subdir') query.subdirectory = value;
    else if (key === 'checksum' || key === 'commit') query.checksum = value;
    else if (key === 'keep-git-dir') query.keepGitDir = value === '' || value === 'true';
    else if (key !== 'submodules') {
      throw invalid(
        `parse git address ${JSON.stringify(withoutLogins(text))}: unexpected query ${key}`,
      );
    }
  }
  return query;
}

/**
 * The text with the logins masked that stand in its addresses: all of one for http, where the name alone
 * may be a token, else the password.
 */
export function withoutLogins(text: string): string {
  return text.replace(
    /\b([a-z][a-z0-9+.-]*):\/\/([^\s/?#@:]*)(:[^\s/?#@]*)?@/gi,
    (_whole, scheme: string, user: string, password: string | undefined) => {
      const name = /^https?$/i.test(scheme) && user !== '' ? 'xxxxx' : user;
      return `${scheme}://${name}${password === undefined ? '' : ':xxxxx'}@`;
    },
  );
}

/** Is it fetched over HTTP, as a file and not as a repository? */
export function isHttpAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && parseGitAddress(text) === undefined;
}
