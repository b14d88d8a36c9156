import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { BuildSpec, CacheSpec, ContextSpec } from '../../client/index.ts';
import { errorMessage, invalid, isDigest, parsePlatform, parseSize } from '../../core/index.ts';
import { parseBuildArgs } from '../build-args.ts';
import { parseCsvOption, refuseOthers } from './csv-option.ts';

/** The flags of `berth build`, as commander gives them; repeatable ones are lists. */
export interface BuildFlags {
  file?: string;
  tag: string[];
  buildArg: string[];
  buildContext: string[];
  label: string[];
  target?: string;
  cache: boolean;
  noCacheFilter: string[];
  pull?: boolean;
  platform?: string;
  output: string[];
  push?: boolean;
  load?: boolean;
  iidfile?: string;
  metadataFile?: string;
  secret: string[];
  ssh: string[];
  cacheFrom: string[];
  cacheTo: string[];
  network?: string;
  addHost: string[];
  shmSize?: string;
  memory?: string;
  allow: string[];
  progress: string;
  quiet?: boolean;
  check?: boolean;
  lint?: boolean;
  explain?: boolean;
  shellOnError?: boolean;
}

/** Folders of this machine that the daemon reads while it builds, by the names of their contexts. */
export type LocalContexts = Map<string, string>;

/** What the flags say of everything but the main context, the Dockerfile and the outputs. */
export function specOf(flags: BuildFlags): {
  spec: Omit<BuildSpec, 'context' | 'dockerfile'>;
  folders: LocalContexts;
} {
  const folders: LocalContexts = new Map();
  const contexts: Record<string, ContextSpec> = {};
  for (const [name, value] of keyValues('--build-context', flags.buildContext)) {
    contexts[name] = contextOf(name, value, folders);
  }
  const epoch = process.env.SOURCE_DATE_EPOCH;
  return {
    folders,
    spec: {
      tags: flags.tag,
      buildArgs: { ...(epoch && { SOURCE_DATE_EPOCH: epoch }), ...parseBuildArgs(flags.buildArg) },
      labels: Object.fromEntries(keyValues('--label', flags.label, '')),
      contexts,
      secrets: Object.fromEntries(flags.secret.map(readSecret)),
      ssh: Object.fromEntries(flags.ssh.map(sshSocket)),
      cacheFrom: flags.cacheFrom.map((text) => cacheOf('--cache-from', text)),
      cacheTo: flags.cacheTo.map((text) => cacheOf('--cache-to', text)),
      target: flags.target,
      noCache: !flags.cache,
      noCacheStages: flags.noCacheFilter.flatMap((names) => names.split(',')),
      pull: flags.pull,
      ...(flags.platform && { platform: platformOf(flags.platform) }),
      networkMode: flags.network,
      extraHosts: flags.addHost.map(hostOf),
      ...(flags.shmSize && { shmSizeBytes: sizeOf('--shm-size', flags.shmSize) }),
      ...(flags.memory && { limits: { memoryBytes: sizeOf('--memory', flags.memory) } }),
      allow: flags.allow.map(entitlementOf),
      explain: flags.explain,
      lineUsage: !flags.quiet,
      keepFailedStep: flags.shellOnError,
      checkOnly: flags.check,
    },
  };
}

function keyValues(
  flag: string,
  entries: readonly string[],
  fallback?: string,
): [string, string][] {
  return entries.map((entry) => {
    const equals = entry.indexOf('=');
    if (equals > 0) return [entry.slice(0, equals), entry.slice(equals + 1)];
    if (equals < 0 && fallback !== undefined) return [entry, fallback];
    throw invalid(`parse ${flag}: "${entry}" is not name=value`);
  });
}

function contextOf(name: string, value: string, folders: LocalContexts): ContextSpec {
  if (value.startsWith('docker-image://'))
    return { kind: 'image', reference: value.slice('docker-image://'.length) };
  if (isRemote(value)) return { kind: 'remote', url: value };
  if (value.startsWith(layoutScheme)) return layoutOf(name, value, folders);
  if (!statSync(value, { throwIfNoEntry: false })?.isDirectory()) {
    throw invalid(`parse --build-context: ${name}=${value}: there is no such folder`);
  }
  const folder = resolve(value);
  folders.set(name, folder);
  return folderContext(folder);
}

/** A folder of this machine; its key is the same for the same folder at every build. */
export function folderContext(folder: string): ContextSpec {
  return { kind: 'folder', key: keyOf(folder) };
}

function keyOf(folder: string): string {
  const hash = createHash('sha256').update(`${hostname()}\0${machineId()}\0${folder}`);
  return hash.digest('hex');
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return ''; // there is none: the name of the host has to do
  }
}

const layoutScheme = 'oci-layout://';

/** `oci-layout://FOLDER[:tag][@digest]` */
function layoutOf(name: string, value: string, folders: LocalContexts): ContextSpec {
  const bad = (why: string) => invalid(`parse --build-context: ${name}=${value}: ${why}`);
  const match = /^(.*?)(:[^/:@]+)?(@[^@]+)?$/.exec(value.slice(layoutScheme.length));
  const [, folder = '', tag = '', digest = ''] = match ?? [];
  if (folder === '') throw bad('it names no folder');
  if (!existsSync(join(folder, 'oci-layout'))) throw bad(`${folder} is no OCI layout`);
  if (digest !== '' && !isDigest(digest.slice(1))) throw bad('what follows @ is not a digest');
  folders.set(name, resolve(folder));
  return { kind: 'layout', key: keyOf(resolve(folder)), wanted: digest || tag };
}

/** An address of git or of a tar, rather than a folder (what docker build takes for one). */
export function isRemote(text: string): boolean {
  return /^(https?:\/\/|git:\/\/|git@|github\.com\/|ssh:\/\/)/.test(text);
}

/** `id=x[,src=FILE|env=NAME]`; without a source the variable of that name, else a file, as buildx. */
function readSecret(text: string): [string, string] {
  const pairs = parseCsvOption('--secret', text);
  refuseOthers('--secret', pairs, ['id', 'src', 'source', 'env', 'type']);
  const file = pairs.get('src') ?? pairs.get('source');
  const id = pairs.get('id') ?? file;
  if (id === undefined) throw invalid(`parse --secret: "${text}" has no id`);
  const variable =
    pairs.get('env') ?? (file === undefined && process.env[id] !== undefined ? id : undefined);
  if (variable !== undefined) {
    const value = process.env[variable];
    if (value === undefined) throw invalid(`read secret ${id}: the environment has no ${variable}`);
    return [id, Buffer.from(value).toString('base64')];
  }
  try {
    return [id, readFileSync(file ?? id).toString('base64')];
  } catch (cause) {
    throw invalid(`read secret ${id}: ${errorMessage(cause)}`, { cause });
  }
}

/** `default`, or `id=/path/of/an/agent's/socket`. */
function sshSocket(text: string): [string, string] {
  const equals = text.indexOf('=');
  const id = equals < 0 ? text : text.slice(0, equals);
  const socket = equals < 0 ? process.env.SSH_AUTH_SOCK : text.slice(equals + 1);
  if (!socket) throw invalid(`parse --ssh: "${text}" names no socket and SSH_AUTH_SOCK is not set`);
  const found = statSync(socket, { throwIfNoEntry: false });
  if (!found?.isSocket()) {
    const why = found ? 'it is no socket of an agent' : 'no such file or directory';
    throw invalid(`parse --ssh: ${id}=${socket}: ${why}`);
  }
  return [id, resolve(socket)];
}

/** `name:address` or `name=address`; `host-gateway` is the machine itself. */
function hostOf(text: string): string {
  const [, name, address = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (name === undefined) throw invalid(`parse --add-host: "${text}" is not name:address`);
  const plain = address.replace(/^\[(.*)\]$/, '$1');
  if (plain !== 'host-gateway' && !isIP(plain)) {
    throw invalid(`parse --add-host: "${address}" in "${text}" is no IP address`);
  }
  return `${name}:${plain}`;
}

function sizeOf(flag: string, text: string): number {
  try {
    return parseSize(text);
  } catch (cause) {
    throw invalid(`parse ${flag}: "${text}" is no size such as 512m`, { cause });
  }
}

function cacheOf(flag: string, text: string): CacheSpec & { mode?: 'min' | 'max' } {
  if (!text.includes('=')) return { kind: 'registry', reference: text };
  const pairs = parseCsvOption(flag, text);
  refuseOthers(flag, pairs, ['type', 'ref', 'src', 'dest', 'mode']);
  const mode = pairs.get('mode') === 'max' ? { mode: 'max' as const } : {};
  const type = pairs.get('type');
  const path = pairs.get('src') ?? pairs.get('dest');
  const reference = pairs.get('ref');
  if (type === 'inline') return { kind: 'inline' };
  if (type === 'registry' && reference !== undefined)
    return { kind: 'registry', reference, ...mode };
  if (type === 'local' && path !== undefined)
    return { kind: 'local', path: resolve(path), ...mode };
  throw invalid(
    `parse ${flag}: "${text}" is not type=registry,ref=…, type=local,${flag === '--cache-to' ? 'dest' : 'src'}=… or type=inline`,
  );
}

function platformOf(text: string): NonNullable<BuildSpec['platform']> {
  if (text.includes(',')) {
    throw invalid(`parse --platform: "${text}" is several; a build is for one platform`);
  }
  return parsePlatform(text);
}

function entitlementOf(text: string): 'network.host' | 'security.insecure' {
  if (text === 'network.host' || text === 'security.insecure') return text;
  throw invalid(
    `parse --allow: unknown entitlement "${text}"; known are network.host, security.insecure`,
  );
}
