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
  | { kind: 'image'; reference: string };

export type CacheSpec =
  | { kind: 'registry'; reference: string }
  | { kind: 'local'; path: string }
  | { kind: 'inline' };

/** Gives the contexts that a client has, by their names. */
export interface ClientContexts {
  upload(name: string): BuildContext;
  folder(name: string, key: string): BuildContext;
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
  if (main.kind === 'image') throw invalid('build: the main context cannot be an image');
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
      if (typeof spec.key !== 'string') throw invalid(`build: context "${name}" has no key`);
      return client.folder(name, spec.key);
    case 'image':
      return { kind: 'image' as const, reference: parseReference(spec.reference) };
    case 'remote':
    case 'none':
      return spec;
    default:
      throw invalid(`build: context "${name}" is of unknown kind`);
  }
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
