import type {
  BuildContext,
  BuildOutput,
  BuildRequest,
  CacheAddress,
} from '../../../build/index.ts';
import { invalid, parseReference } from '../../../core/index.ts';

/**
 * The body of `POST /v1/builds`: a BuildRequest in JSON. A context of kind `upload` arrives
 * afterwards as a tar, at `PUT /v1/builds/<id>/contexts/<name>`; the main one is named `default`. One
 * of kind `folder` stays where it is: the client serves it by that name at
 * `POST /v1/builds/<id>/session`. Of what it sends, what did not change since is not sent again; `key`
 * says which folder of which machine it is.
 */
export interface BuildSpec {
  context: ContextSpec;
  dockerfile: BuildRequest['dockerfile'];
  tags?: string[];
  buildArgs?: Record<string, string | undefined>;
  contexts?: Record<string, ContextSpec>;
  /** Content in base64, by id. */
  secrets?: Record<string, string>;
  /** Paths of agents' sockets on the daemon's machine, by id. */
  ssh?: Record<string, string>;
  cacheFrom?: CacheSpec[];
  cacheTo?: (CacheSpec & { mode?: 'min' | 'max' })[];
  outputs?: BuildOutput[];
  target?: string;
  labels?: Record<string, string>;
  noCache?: boolean;
  noCacheStages?: string[];
  pull?: boolean;
  platform?: { os: string; architecture: string; variant?: string };
  networkMode?: string;
  limits?: BuildRequest['limits'];
  shmSizeBytes?: number;
  extraHosts?: string[];
  auth?: BuildRequest['auth'];
  allow?: ('network.host' | 'security.insecure')[];
  explain?: boolean;
  lineUsage?: boolean;
  keepFailedStep?: boolean;
  checkOnly?: boolean;
}

export type ContextSpec =
  | { kind: 'upload' }
  | { kind: 'folder'; key: string }
  | { kind: 'remote'; url: string }
  | { kind: 'none' }
  | { kind: 'image'; reference: string }
  /** A folder that is an OCI layout; `wanted` is `:tag`, `@digest`, or '' for the only image. */
  | { kind: 'layout'; key: string; wanted: string };

export type CacheSpec =
  | { kind: 'registry'; reference: string }
  | { kind: 'local'; path: string }
  | { kind: 'inline' };

/** Gives the contexts that a client has, by their names. */
export interface ClientContexts {
  upload(name: string): BuildContext;
  folder(name: string, key: string): Extract<BuildContext, { kind: 'folder' }>;
}

/** Turns the spec into a request. */
export function requestOf(spec: BuildSpec, client: ClientContexts): BuildRequest {
  if (typeof spec !== 'object' || spec === null)
    throw invalid('build: the body is not a JSON object');
  const {
    context,
    dockerfile,
    tags = [],
    contexts = {},
    secrets = {},
    ssh = {},
    cacheFrom,
    cacheTo,
    ...rest
  } = spec;
  if (dockerfile === undefined) throw invalid('build: field "dockerfile" is missing');
  const main = contextOf('default', context ?? { kind: 'none' }, client);
  if (main.kind === 'image' || main.kind === 'layout') {
    throw invalid('build: the main context cannot be an image');
  }
  return {
    buildArgs: {},
    labels: {},
    noCache: false,
    pull: false,
    ...rest,
    context: main,
    dockerfile,
    tags: tags.map((tag) => parseReference(tag)),
    contexts: mapValues(contexts, (value, name) => contextOf(name, value, client)),
    secrets: mapValues(secrets, (value) => Buffer.from(value, 'base64')),
    ssh: mapValues(ssh, (socketPath) => ({ socketPath })),
    ...(cacheFrom && { cacheFrom: cacheFrom.map(cacheAddressOf) }),
    ...(cacheTo && {
      cacheTo: cacheTo.map((cache) => ({ ...cacheAddressOf(cache), mode: cache.mode })),
    }),
  };
}

function contextOf(name: string, spec: ContextSpec, client: ClientContexts) {
  switch (spec.kind) {
    case 'upload':
      return client.upload(name);
    case 'folder':
      return client.folder(name, keyOf(name, spec));
    case 'image':
      return { kind: 'image' as const, reference: parseReference(spec.reference) };
    case 'layout':
      return {
        kind: 'layout' as const,
        folder: client.folder(name, keyOf(name, spec)).folder,
        wanted: wantedOf(name, spec),
      };
    case 'remote':
    case 'none':
      return spec;
    default:
      throw invalid(`build: context "${name}" is of unknown kind`);
  }
}

function keyOf(name: string, { key }: { key?: unknown }): string {
  if (typeof key === 'string') return key;
  throw invalid(`build: context "${name}" has no key`);
}

function wantedOf(name: string, { wanted }: { wanted?: unknown }): string {
  if (typeof wanted === 'string' && /^(?::[\w.-]{1,128}|@[a-z0-9]+:[0-9a-f]+|)$/.test(wanted)) {
    return wanted;
  }
  throw invalid(`build: context "${name}": "wanted" is neither :tag nor @digest`);
}

function cacheAddressOf(spec: CacheSpec): CacheAddress {
  return spec.kind === 'registry'
    ? { kind: 'registry', reference: parseReference(spec.reference) }
    : spec;
}

function mapValues<From, To>(
  record: Record<string, From>,
  map: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
