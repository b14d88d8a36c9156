import { invalid, isRepositoryPath, isTag, type Reference } from '../../core/index.ts';
import type { Credentials } from '../credentials.ts';
import { pullError } from '../docker-errors.ts';
import { errorOf } from './error-reply.ts';
import { readBody } from './http-exchange.ts';
import type { RegistryClient } from './registry-client.ts';
import type { RegistrySession } from './registry-session.ts';

const pageLimitBytes = 8 * 1024 * 1024;
const pageEntries = 1000;
const mostPages = 1000;

export interface ListOptions {
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
}

/** The tags of a repository, as the registry orders them. */
export async function* listTags(
  client: RegistryClient,
  { domain, path, tag }: Reference,
  { credentials, signal }: ListOptions = {},
): AsyncIterable<string> {
  const session = client.sessions(domain, 'push', credentials)[0]!;
  const scopes = [`repository:${path}:pull`];
  try {
    yield* pages(session, { target: `/v2/${path}/tags/list`, field: 'tags', scopes, signal });
  } catch (error) {
    throw pullError(error, { domain, path, tag });
  }
}

/** The repositories of a registry that the user may see. */
export async function* listRepositories(
  client: RegistryClient,
  domain: string,
  { credentials, signal }: ListOptions = {},
): AsyncIterable<string> {
  const session = client.sessions(domain, 'push', credentials)[0]!;
  const scopes = ['registry:catalog:*'];
  yield* pages(session, { target: '/v2/_catalog', field: 'repositories', scopes, signal });
}

async function* pages(
  session: RegistrySession,
  list: {
    target: string;
    field: 'tags' | 'repositories';
    scopes: readonly string[];
    signal?: AbortSignal;
  },
): AsyncIterable<string> {
  const { field, scopes, signal } = list;
  let target: string | URL | undefined = `${list.target}?n=${pageEntries}`;
  for (let page = 0; target !== undefined && page < mostPages; page++) {
    const reply = await session.request({ method: 'GET', target, scopes, signal });
    if (reply.status !== 200) throw await errorOf(reply);
    yield* entriesOf(await readBody(reply, pageLimitBytes), field);
    target = nextPage(reply.headers.link, reply.url);
  }
}

function entriesOf(body: Buffer, field: 'tags' | 'repositories'): string[] {
  let value: unknown;
  try {
    value = (JSON.parse(body.toString()) as Record<string, unknown> | null)?.[field] ?? [];
  } catch (cause) {
    throw invalid(`list ${field}: the registry's answer is not JSON`, { cause });
  }
  const isName = field === 'tags' ? isTag : isRepositoryPath;
  const isKnown = (entry: unknown) => typeof entry === 'string' && isName(entry);
  if (Array.isArray(value) && value.every(isKnown)) return value;
  throw invalid(`list ${field}: the registry's answer has no list of names`);
}

/** The address of a `Link: <…>; rel="next"`, which must be on the same server. */
function nextPage(link: string | string[] | undefined, url: URL): URL | undefined {
  const target = /<([^<>]{1,8192})>\s*;\s*rel="?next"?/.exec(String(link ?? ''))?.[1];
  const next = target === undefined ? null : URL.parse(target, url.href);
  return next?.origin === url.origin && next.href !== url.href ? next : undefined;
}
