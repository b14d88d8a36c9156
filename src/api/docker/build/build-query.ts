import type { BuildContext, BuildRequest } from '../../../build/index.ts';
import { type ByteStream, errorMessage, invalid, parseReference } from '../../../core/index.ts';
import { array, type Decode, integer, map, object, string } from '../../http/decode.ts';
import type { Query } from '../../http/query.ts';
import type { ApiRequest } from '../../http/route.ts';
import { checkExtraHosts } from '../extra-hosts.ts';
import { platformParameter } from '../platform.ts';
import { registryConfigOf } from '../registry-auth.ts';

/**
 * What the query and headers of `POST /build` ask for; the body is the context, a tar that may be
 * compressed. Throws `invalid` in Docker's words.
 */
export function buildRequestOf(request: ApiRequest): BuildRequest {
  const { query, body } = request;
  const version = query.text('version');
  if (version !== '' && version !== '1' && version !== '2') {
    throw invalid(`invalid version ${JSON.stringify(version)}`);
  }
  const outputs = readJson(query, 'outputs', 'invalid outputs specified', array(object({})));
  if (outputs?.length) {
    throw invalid(
      'invalid outputs specified: the classic builder only builds into the image store',
    );
  }
  return { ...queryOptionsOf(request), context: contextOf(query.text('remote'), body) };
}

/** What the query and headers say of a build by either protocol. Throws `invalid`. */
export function queryOptionsOf({ query, headers }: ApiRequest): Omit<
  BuildRequest,
  'context' | 'outputs' | 'dockerfile'
> & {
  dockerfile: { path: string };
} {
  const platform = query.text('platform');
  const extraHosts = query.all('extrahosts').flatMap((text) => text.split(',').filter(Boolean));
  checkExtraHosts(extraHosts);
  if (query.flag('squash')) {
    throw invalid('squash is only supported with experimental mode');
  }
  return {
    dockerfile: { path: query.text('dockerfile') || 'Dockerfile' },
    tags: query
      .all('t')
      .filter(Boolean)
      .map((tag) => parseTag(tag)),
    buildArgs: buildArgsOf(query),
    target: query.text('target') || undefined,
    labels: readJson(query, 'labels', 'error reading labels', map(string)) ?? {},
    noCache: query.flag('nocache'),
    pull: query.flag('pull'),
    platform: platform === '' ? undefined : platformParameter(platform),
    networkMode: query.text('networkmode') || undefined,
    limits: limitsOf(query),
    shmSizeBytes: query.integer('shmsize'),
    extraHosts,
    auth: registryConfigOf(headers),
    cacheFrom: cacheFromOf(query),
  };
}

function parseTag(text: string) {
  const reference = parseReference(text);
  if (reference.digest) throw invalid('build tag cannot contain a digest');
  return reference;
}

function contextOf(remote: string, body: ByteStream): BuildContext {
  if (remote === '') return { kind: 'tar', stream: body };
  if (remote === 'client-session') {
    throw invalid('build from client-session: that needs version=2 and a session');
  }
  return { kind: 'remote', url: remote };
}

/** A value of null means: take it from the builder's own environment, that is, leave it unset. */
function buildArgsOf(query: Query): Record<string, string | undefined> {
  return readJson(query, 'buildargs', 'error reading build args', map(string)) ?? {};
}

function cacheFromOf(query: Query): BuildRequest['cacheFrom'] {
  const names = readJson(query, 'cachefrom', 'error reading cache-from', array(string)) ?? [];
  return names.map((name) => ({ kind: 'registry', reference: parseReference(name) }));
}

const ulimits = array(
  object<{ Name: string; Soft: number; Hard: number }>({
    Name: string,
    Soft: integer,
    Hard: integer,
  }),
);

function limitsOf(query: Query): BuildRequest['limits'] {
  return {
    memoryBytes: query.integer('memory') || undefined,
    memorySwapBytes: query.integer('memswap') || undefined,
    cpuShares: query.integer('cpushares') || undefined,
    cpuPeriod: query.integer('cpuperiod') || undefined,
    cpuQuota: query.integer('cpuquota') || undefined,
    cpusetCpus: query.text('cpusetcpus') || undefined,
    cpusetMems: query.text('cpusetmems') || undefined,
    cgroupParent: query.text('cgroupparent') || undefined,
    ulimits: readJson(query, 'ulimits', 'error reading ulimit settings', ulimits)?.map(
      ({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard }),
    ),
  };
}

function readJson<T>(query: Query, name: string, what: string, decode: Decode<T>): T | undefined {
  try {
    return decode(query.json(name), '');
  } catch (cause) {
    throw invalid(`${what}: ${errorMessage(cause)}`, { cause });
  }
}
