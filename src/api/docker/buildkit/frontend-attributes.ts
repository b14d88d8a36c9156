import type { BuildContext, BuildRequest, CacheAddress } from '../../../build/index.ts';
import {
  invalid,
  parseDigest,
  parseReference,
  type Reference,
  unsupported,
} from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { platformParameter } from '../platform.ts';
import type { TypedAttributes } from './control-messages.ts';

/** What the attributes of `dockerfile.v0` say, before anything is read from the client. */
export interface FrontendCall {
  /** All of the request but the Dockerfile. */
  readonly request: Omit<BuildRequest, 'dockerfile' | 'tags' | 'outputs'>;
  /** Path of the Dockerfile, and the client's name for the folder it is in. */
  readonly dockerfile: {
    readonly path: string;
    readonly folder: string;
    /** Whose folder it is; the build's own session when absent. */
    readonly session?: Session;
  };
  /** Question asked in place of a build, such as `frontend.lint`. */
  readonly subrequest: string | undefined;
}

export interface FrontendOptions {
  readonly session: Session | undefined;
  /** Sessions that have a folder of this name in place of the build's own. */
  readonly folderSessions?: ReadonlyMap<string, Session>;
  /** Images of other builds' results, by the names of inputs. */
  readonly inputs?: ReadonlyMap<string, Reference>;
  readonly cacheImports: readonly TypedAttributes[];
  readonly cacheExports: readonly TypedAttributes[];
  readonly entitlements: readonly string[];
  readonly signal: AbortSignal;
}

type Attributes = ReadonlyMap<string, string>;

/** What the dockerfile.v0 frontend needs no more than to know of. */
const withoutEffect = new Set([
  'frontend.caps',
  'cmdline',
  'source',
  'multi-platform',
  'vcs:source',
]);
const prefixesWithoutEffect = ['vcs:', 'input-metadata:'];

const read = new Set([
  ...['filename', 'target', 'platform', 'no-cache', 'image-resolve-mode', 'add-hosts', 'hostname'],
  ...['force-network-mode', 'shm-size', 'ulimit', 'cgroup-parent', 'context', 'contextkey'],
  ...['dockerfilekey', 'cache-imports', 'cache-from', 'requestid'],
]);
const prefixesRead = ['build-arg:', 'label:', 'context:', 'attest:', 'local-sessionid:'];

/** Ids of sessions by the folders that are to be read from them. */
export function folderSessionIds(attributes: Attributes): Record<string, string> {
  return prefixed(attributes, 'local-sessionid:');
}

/** Reads attributes. Throws `unsupported` for one that is not known, `invalid` for a bad value. */
export function frontendCallOf(attributes: Attributes, options: FrontendOptions): FrontendCall {
  refuseUnknown(attributes);
  const get = (name: string) => attributes.get(name) || undefined;
  const dockerfileFolder = get('dockerfilekey') ?? 'dockerfile';
  const dockerfileSession = options.folderSessions?.get(dockerfileFolder);
  const platform = get('platform');
  if (platform?.includes(',')) {
    throw unsupported(`build for ${platform}: one platform at a time is built here`);
  }
  const noCache = attributes.get('no-cache');
  const stages = noCache === undefined ? [] : noCache.split(',').filter(Boolean);
  return {
    subrequest: get('requestid'),
    dockerfile: {
      path: get('filename') ?? 'Dockerfile',
      folder: dockerfileFolder,
      ...(dockerfileSession && { session: dockerfileSession }),
    },
    request: {
      context: mainContext(attributes, options),
      contexts: namedContexts(attributes, options),
      target: get('target'),
      platform: platform === undefined ? undefined : platformParameter(platform),
      buildArgs: prefixed(attributes, 'build-arg:'),
      labels: prefixed(attributes, 'label:'),
      noCache: noCache !== undefined && stages.length === 0,
      noCacheStages: stages,
      pull: pulls(attributes.get('image-resolve-mode')),
      networkMode: networkOf(get('force-network-mode')),
      extraHosts: csv(get('add-hosts')).map((pair) => pair.replace('=', ':')),
      hostname: get('hostname'),
      shmSizeBytes: wholeNumber('shm-size', get('shm-size')),
      limits: { ulimits: csv(get('ulimit')).map(ulimitOf), cgroupParent: get('cgroup-parent') },
      cacheFrom: cacheSources(attributes, options.cacheImports),
      cacheTo: options.cacheExports.map(cacheTarget),
      allow: options.entitlements.map(entitlementOf),
    },
  };
}

function refuseUnknown(attributes: Attributes): void {
  for (const [name, value] of attributes) {
    if (read.has(name) || withoutEffect.has(name)) continue;
    if (prefixesWithoutEffect.some((prefix) => name.startsWith(prefix))) continue;
    if (name.startsWith('attest:')) {
      if (/(^|,)(disabled=true|false)(,|$)/.test(value)) continue;
      throw unsupported(`build: attestations are not made here (${name}=${value})`);
    }
    if (prefixesRead.some((prefix) => name.startsWith(prefix))) continue;
    throw unsupported(`build: the frontend option ${name}=${value} is not supported`);
  }
}

/** Clients name what they upload by an address that no one else has. */
const uploadAddress = 'http://buildkit-session/';

function mainContext(attributes: Attributes, options: FrontendOptions): BuildContext {
  const { session, signal } = options;
  const address = attributes.get('context');
  if (address?.startsWith(uploadAddress)) {
    const path = `/${address.slice(uploadAddress.length)}`;
    return { kind: 'tar', stream: sessionOf(session).upload(path, signal) };
  }
  if (address && address !== 'context') return { kind: 'remote', url: address };
  const name = attributes.get('contextkey') || 'context';
  return folderContext(name, options);
}

function folderContext(name: string, { session, folderSessions }: FrontendOptions) {
  const owner = folderSessions?.get(name) ?? session;
  return { kind: 'folder' as const, folder: sessionOf(owner).folder(name) };
}

function sessionOf(session: Session | undefined): Session {
  if (!session) throw invalid('build: the client opened no session to read its files from');
  return session;
}

function namedContexts(
  attributes: Attributes,
  options: FrontendOptions,
): NonNullable<BuildRequest['contexts']> {
  const contexts: Record<string, ReturnType<typeof namedContext>> = {};
  for (const [name, address] of Object.entries(prefixed(attributes, 'context:'))) {
    contexts[name] = namedContext(name, address, options);
  }
  return contexts;
}

function namedContext(name: string, address: string, options: FrontendOptions) {
  const [scheme, rest = ''] = splitOnce(address, ':');
  switch (scheme) {
    case 'docker-image': {
      const reference = parseReference(rest.replace(/^\/\//, ''));
      return { kind: 'image' as const, reference };
    }
    case 'input': {
      const reference = options.inputs?.get(rest);
      if (!reference) throw invalid(`context ${name}: there is no input ${JSON.stringify(rest)}`);
      return { kind: 'image' as const, reference };
    }
    case 'local':
      return folderContext(rest, options);
    case 'oci-layout':
      return contentContext(rest, options);
    case 'git':
    case 'http':
    case 'https':
    case 'ssh':
      return { kind: 'remote' as const, url: address };
    default:
      if (/^git@/.test(address)) return { kind: 'remote' as const, url: address };
      throw unsupported(
        `context ${name}: ${address} is not supported: a folder, an image, git or http`,
      );
  }
}

/** `//store[:tag]@digest`, of a store that the client lends over its session. */
function contentContext(address: string, { session }: FrontendOptions) {
  const [, store = '', digest] =
    /^\/\/([a-z0-9][\w./-]{0,254}?)(?::[\w.-]{1,128})?@(.+)$/i.exec(address) ?? [];
  if (!digest) throw invalid(`oci-layout reference ${JSON.stringify(address)} has no digest`);
  const blobs = sessionOf(session).blobs(store);
  return { kind: 'content' as const, blobs, digest: parseDigest(digest) };
}

function prefixed(attributes: Attributes, prefix: string): Record<string, string> {
  return Object.fromEntries(
    [...attributes].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

function pulls(mode = 'default'): boolean {
  if (mode === 'pull') return true;
  if (['', 'default', 'local'].includes(mode)) return false;
  throw invalid(`invalid image-resolve-mode: ${mode}`);
}

function networkOf(mode: string | undefined): string | undefined {
  return mode === 'sandbox' ? 'default' : mode;
}

/** Fields of one line of comma-separated values, quoted ones among them. */
function csv(text = ''): string[] {
  const fields = text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [];
  return fields.map((field) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid(`invalid ${name}: ${text}: not a number of bytes`);
  return Number(text);
}

function ulimitOf(text: string): { name: string; soft: number; hard: number } {
  const found = /^([a-z]+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text);
  if (!found) throw invalid(`invalid ulimit argument: ${text}`);
  const [, name, soft, hard = soft] = found;
  return { name: name!, soft: Number(soft), hard: Number(hard) };
}

/** `cache-imports` is JSON of new clients, `cache-from` a list of names of old ones. */
function cacheSources(attributes: Attributes, given: readonly TypedAttributes[]): CacheAddress[] {
  const listed = importsOf(attributes.get('cache-imports'));
  const named = csv(attributes.get('cache-from')).map((name) => ({
    Type: 'registry',
    Attrs: new Map([['ref', name]]),
  }));
  const all = [...given, ...listed, ...named].map(({ Type, Attrs }) =>
    cacheAddress('import', Type, Attrs),
  );
  return [...new Map(all.map((address) => [JSON.stringify(address), address])).values()];
}

function importsOf(text: string | undefined): TypedAttributes[] {
  if (!text) return [];
  try {
    const entries = JSON.parse(text) as { Type: string; Attrs?: Record<string, string> }[];
    return entries.map(({ Type, Attrs = {} }) => ({ Type, Attrs: new Map(Object.entries(Attrs)) }));
  } catch (cause) {
    throw invalid(`invalid cache-imports: ${text.slice(0, 200)}`, { cause });
  }
}

function cacheTarget({ Type, Attrs }: TypedAttributes): CacheAddress & { mode?: 'min' | 'max' } {
  const mode = Attrs.get('mode') === 'max' ? 'max' : 'min';
  return { ...cacheAddress('export', Type, Attrs), mode };
}

function cacheAddress(what: string, type: string, attributes: Attributes): CacheAddress {
  if (type === 'inline') return { kind: 'inline' };
  const reference = attributes.get('ref');
  if (type === 'registry' && reference) {
    return { kind: 'registry', reference: parseReference(reference) };
  }
  if (type === 'registry') throw invalid(`${what} cache: type=registry without a ref`);
  throw unsupported(`${what} cache: type=${type} is not supported: registry or inline`);
}

function entitlementOf(name: string): 'network.host' | 'security.insecure' {
  if (name === 'network.host' || name === 'security.insecure') return name;
  throw unsupported(`build: the entitlement ${JSON.stringify(name)} is not known`);
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
