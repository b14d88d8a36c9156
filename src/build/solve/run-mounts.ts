import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { digestOf, invalid, notFound } from '../../core/index.ts';
import { listInput } from '../cache/inputs.ts';
import type { SelectionRequest } from '../context/selection.ts';
import type { MountAction, RunAction } from '../plan/actions.ts';
import { scriptFolder } from '../plan/instructions/run.ts';
import type { RunRequest } from '../ports.ts';
import { openAgentSocket } from './agent-socket.ts';
import type { BuildScope, FileOrigin, Parent } from './build-scope.ts';
import { agentOf, secretOf } from './client-secrets.ts';
import type { SourcePart } from './file-source.ts';

type RunMount = RunRequest['mounts'][number];

/** The mounts of a RUN, standing; dispose gives leases back. */
export interface StandingMounts extends AsyncDisposable {
  readonly mounts: readonly RunMount[];
  /** Variables that secrets and agents bring. */
  readonly env: readonly string[];
}

/** What a mount takes: its source as it is written, whatever a pattern would make of it. */
function selectionOf({ source }: MountAction): SelectionRequest {
  return { patterns: [source], isLiteral: true, excludes: [], parents: false };
}

/** What is known of a mount's content without looking; for a bind of the context that is nothing. */
export async function mountIdentity(
  scope: BuildScope,
  { origin }: MountAction,
): Promise<string | undefined> {
  return origin === undefined ? '' : (await scope.source(origin)).identity;
}

/** The digest of what a mount brings into the step; '' for what is no input. */
export async function mountDigest(
  scope: BuildScope,
  mount: MountAction,
  signal: AbortSignal,
): Promise<{ digest: string; listing: string | undefined }> {
  if (mount.origin === undefined) return { digest: '', listing: undefined };
  const source = await scope.source(mount.origin);
  return source.select(selectionOf(mount), signal);
}

/**
 * How a mount is written down in the key: secrets by their place alone, a cache without which folder
 * it is and how that is shared.
 */
export function mountInput(mount: MountAction): string {
  const { type, target, source, readOnly, required, env } = mount;
  const hasId = type === 'secret' || type === 'ssh';
  const { mode = '', uid = '', gid = '', sizeBytes = '' } = mount;
  const flags = [readOnly, required, env ?? '', mode, uid, gid, sizeBytes].map(String);
  return listInput([type, target, source, hasId ? mount.id : '', ...flags]);
}

/** Sets the mounts of a RUN up. Throws `not-found` for a secret or an agent the build was not given. */
export async function setUpMounts(
  scope: BuildScope,
  { mounts, script }: RunAction,
  { parent, signal }: { parent: Parent; signal: AbortSignal },
): Promise<StandingMounts> {
  await using leases = new AsyncDisposableStack();
  const standing: RunMount[] = [];
  const env: string[] = [];
  for (const mount of mounts) {
    const setUp = setUps[mount.type];
    standing.push(...(await setUp({ scope, mount, parent, leases, env, signal })));
  }
  if (script) standing.push(await scriptMount(scope, script));
  const kept = leases.move();
  return { mounts: standing, env, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface SetUp {
  readonly scope: BuildScope;
  readonly mount: MountAction;
  readonly parent: Parent;
  readonly leases: AsyncDisposableStack;
  readonly env: string[];
  readonly signal: AbortSignal;
}

const setUps: Record<MountAction['type'], (setUp: SetUp) => Promise<RunMount[]>> = {
  bind: bindMount,
  cache: cacheMount,
  secret: secretMount,
  ssh: agentMount,
  tmpfs: async ({ mount: { target, sizeBytes } }) => [
    { type: 'tmpfs', source: '', target, readOnly: false, sizeBytes },
  ],
};

async function bindMount({ scope, mount, signal }: SetUp): Promise<RunMount[]> {
  const { target, readOnly } = mount;
  const part = await partOf(scope, mount, signal);
  // What the step may write, and what has ignored files in it, is a copy.
  const source =
    readOnly && part.index.leftOut.size === 0
      ? pathOf(part)
      : await copyOfPart(scope, mount, { part, signal });
  return [{ type: 'bind', source, target, readOnly }];
}

async function partOf(
  scope: BuildScope,
  mount: MountAction,
  signal: AbortSignal,
): Promise<SourcePart> {
  const from = await scope.source(mount.origin as FileOrigin);
  const { parts } = await from.select(selectionOf(mount), signal);
  return parts[0]!;
}

function pathOf({ rootPath, selection }: SourcePart): string {
  return posix.join(rootPath, selection.items[0]!.path);
}

async function copyOfPart(
  scope: BuildScope,
  { origin, readOnly }: MountAction,
  { part, signal }: { part: SourcePart; signal: AbortSignal },
): Promise<string> {
  const item = part.selection.items[0]!;
  const targetRoot = await scope.newFolder('bind');
  const isRootFile = item.path === '' && !item.isDirectory;
  const { mayLink } = await scope.source(origin as FileOrigin);
  await scope.ports.trees.copy({
    sourceRoot: isRootFile ? posix.dirname(part.rootPath) : part.rootPath,
    items: [
      {
        sourcePath: isRootFile ? posix.basename(part.rootPath) : item.path,
        targetPath: '/mounted',
      },
    ],
    skip: part.index.leftOut,
    targetRoot,
    mayLink: mayLink && readOnly,
    signal,
  });
  return join(targetRoot, 'mounted');
}

async function cacheMount({ scope, mount, leases, signal }: SetUp): Promise<RunMount[]> {
  const { id, sharing, target, readOnly, mode, uid, gid, origin } = mount;
  const known = await mountIdentity(scope, mount);
  const base = known ?? (await mountDigest(scope, mount, signal)).digest;
  const owner = [uid, gid].map((number) => String(number ?? 0));
  const lease = await scope.ports.cacheMounts.acquire({
    // As BuildKit has it, another base, owner or mode makes another folder.
    id: listInput([
      id,
      base,
      mount.source,
      ...owner,
      ...(mode === undefined ? [] : [String(mode)]),
    ]),
    description: `cache mount ${target} with id ${JSON.stringify(id)}`,
    sharing,
    signal,
    fill: async (folder) => {
      if (origin !== undefined) await fillFromOrigin(scope, mount, { folder, signal });
      await chown(folder, uid ?? 0, gid ?? 0);
      await chmod(folder, mode ?? 0o755);
    },
  });
  leases.use(lease);
  return [{ type: 'bind', source: lease.folder, target, readOnly }];
}

async function fillFromOrigin(
  scope: BuildScope,
  mount: MountAction,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<void> {
  if (mount.origin?.kind === 'scratch') return;
  const part = await partOf(scope, mount, signal);
  const item = part.selection.items[0]!;
  if (!item.isDirectory)
    throw invalid(`cache mount ${mount.target}: ${mount.source} is no directory`);
  await scope.ports.trees.copy({
    sourceRoot: part.rootPath,
    items: [{ sourcePath: item.path, targetPath: '/' }],
    targetRoot: folder,
    mayLink: false,
    signal,
  });
}

async function secretMount({ scope, mount, env, signal }: SetUp): Promise<RunMount[]> {
  const { id, target, required, mode, uid, gid } = mount;
  const secret = await secretOf(scope.request, id, signal);
  if (secret === undefined) {
    if (required) throw notFound(`secret ${id}: not found`);
    return [];
  }
  if (mount.env !== undefined) env.push(`${mount.env}=${Buffer.from(secret).toString()}`);
  if (target === '') return [];
  const path = join(await scope.newSecretFolder(), 'secret');
  await writeFile(path, secret, { mode: 0o400, flag: 'wx' });
  await chown(path, uid ?? 0, gid ?? 0);
  await chmod(path, mode ?? 0o400);
  return [{ type: 'bind', source: path, target, readOnly: true }];
}

async function agentMount({ scope, mount, leases, env, signal }: SetUp): Promise<RunMount[]> {
  const { id, target, required, mode = 0o600, uid = 0, gid = 0 } = mount;
  const agent = await agentOf(scope.request, id, signal);
  if (!agent) {
    if (required) {
      throw notFound(
        `unset ssh forward key ${id}: the build was given no such agent (--ssh ${id})`,
      );
    }
    return [];
  }
  if (!env.some((pair) => pair.startsWith('SSH_AUTH_SOCK='))) env.push(`SSH_AUTH_SOCK=${target}`);
  const socketPath = join(await scope.newSecretFolder(), 'agent');
  leases.use(await openAgentSocket({ agent, socketPath, mode, uid, gid }));
  return [{ type: 'bind', source: socketPath, target, readOnly: false }];
}

async function scriptMount(
  scope: BuildScope,
  { name, content }: NonNullable<RunAction['script']>,
): Promise<RunMount> {
  const folder = join(await scope.newFolder('script'), 'pipes');
  await mkdir(folder, { mode: 0o755 });
  await writeFile(join(folder, posix.basename(name)), content, { mode: 0o755 });
  return { type: 'bind', source: folder, target: scriptFolder, readOnly: true };
}

/** The script's part of the key. */
export function scriptInput({ script }: RunAction): string {
  return script ? digestOf(`${script.name}\n${script.content}`) : '';
}
