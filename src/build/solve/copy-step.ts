import { posix } from 'node:path';
import { type Digest, digestOf, invalid } from '../../core/index.ts';
import { type Inputs, keyOf, listInput } from '../cache/inputs.ts';
import { withoutLogins } from '../context/git-address.ts';
import type { CopyAction } from '../plan/actions.ts';
import type { CommittedStep, CopyItem, Surroundings, WritableFilesystem } from '../ports.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import {
  lookAtSource,
  type Material,
  type MaterialFiles,
  type MaterialItem,
} from './copy-materials.ts';
import type { Attempt, LayerStep } from './layer-step.ts';
import { readOwner } from './read-owner.ts';
import { reuseCopy } from './reuse-copy.ts';
import type { Owner } from './users.ts';

/** COPY and ADD: a layer with the files of all sources. */
export async function copyStep(
  scope: BuildScope,
  parent: Parent,
  action: CopyAction,
): Promise<LayerStep> {
  const known = await knownContents(scope, action);
  const quick = known && {
    ...sharedInputs(scope, action, known),
    step: `${action.name} quick`,
    parent: parent.identity,
  };
  return {
    quick,
    async look(signal) {
      const materials: Material[] = [];
      for (const source of action.sources) {
        materials.push(await lookAtSource(scope, action, { source, signal }));
      }
      const shared = sharedInputs(
        scope,
        action,
        materials.map(({ digest }) => digest),
      );
      const inputs = { ...shared, parent: parent.identity };
      return {
        inputs,
        details: detailsOf(materials),
        deterministic: true,
        make: (attempt) =>
          action.link
            ? makeLinked(scope, { parent, action, materials, attempt, shared })
            : makeOnParent(scope, { parent, action, materials, attempt, shared, inputs }),
      };
    },
  };
}

/** What fixes each source's content without looking at it, unless one has to be looked at. */
async function knownContents(
  scope: BuildScope,
  { sources }: CopyAction,
): Promise<string[] | undefined> {
  const known: string[] = [];
  for (const source of sources) {
    const identity =
      source.kind === 'path'
        ? (await scope.source(source.origin)).identity
        : source.kind === 'inline'
          ? digestOf(source.content)
          : undefined;
    if (identity === undefined) return undefined;
    known.push(identity);
  }
  return known;
}

/** Inputs that do not depend on what the step stands on. */
function sharedInputs(scope: BuildScope, action: CopyAction, contents: readonly string[]): Inputs {
  const { name, destination, owner, modeText, link, parents, excludes, sources } = action;
  return {
    step: name,
    sources: listInput(
      sources.map((source) => {
        if (source.kind === 'path') return source.path;
        return source.kind === 'inline'
          ? `<<${source.name}`
          : withoutLogins(JSON.stringify(source));
      }),
    ),
    destination,
    flags: listInput([
      ...(link ? ['--link'] : []),
      ...(parents ? ['--parents'] : []),
      ...(owner === undefined ? [] : [`--chown=${owner}`]),
      ...(modeText === undefined ? [] : [`--chmod=${modeText}`]),
      ...excludes.map((pattern) => `--exclude=${pattern}`),
      ...sources.map((source) => ('unpack' in source && source.unpack ? 'unpack' : '')),
    ]),
    epoch: String(scope.epochS ?? ''),
    ...Object.fromEntries(contents.map((content, index) => [`files ${index + 1}`, content])),
  };
}

function detailsOf(materials: readonly Material[]): Map<Digest, string> {
  const details = new Map<Digest, string>();
  for (const { digest, listing } of materials) {
    if (listing !== undefined) details.set(digest, listing);
  }
  return details;
}

interface Making {
  readonly parent: Parent;
  readonly action: CopyAction;
  readonly materials: readonly Material[];
  readonly attempt: Attempt;
}

async function makeOnParent(
  scope: BuildScope,
  making: Making & { shared: Inputs; inputs: Inputs },
): Promise<CommittedStep> {
  const { parent, action, attempt, shared, inputs } = making;
  const owner = await ownerOn(scope, parent, action);
  const content = { ...shared, owner: ownerInput(owner) };
  return reuseCopy(scope, {
    ...{ parent, content, inputs, attempt },
    async make() {
      await using filesystem = await scope.ports.filesystems.prepare(parent.chain);
      const surroundings = await copyInto(scope, filesystem, { ...making, owner });
      // Awaited here: at the end of the block the filesystem is dropped unless it is committed.
      return { layer: await commit(scope, filesystem, attempt), surroundings };
    },
  });
}

/** The owner --chown names, whom the stack below may have to tell. */
async function ownerOn(
  scope: BuildScope,
  parent: Parent,
  { owner }: CopyAction,
): Promise<Owner | undefined> {
  if (owner === undefined) return undefined;
  return readOwner(scope.ports.rootFiles, () => scope.view(parent.chain), owner);
}

const ownerInput = (owner: Owner | undefined) => (owner ? `${owner.uid}:${owner.gid}` : '');

function commit(scope: BuildScope, filesystem: WritableFilesystem, { signal }: Attempt) {
  return filesystem.commit({ epochS: scope.epochS, signal });
}

/**
 * --link: the layer is made on nothing and then put on the parent, so that it is made once for all
 * parents and their change does not touch it.
 */
async function makeLinked(
  scope: BuildScope,
  making: Making & { shared: Inputs },
): Promise<CommittedStep> {
  const { filesystems, records } = scope.ports;
  const { parent, action, attempt, shared } = making;
  const owner = await ownerOn(scope, parent, action);
  const inputs = { ...shared, owner: ownerInput(owner) };
  const key = keyOf({ ...inputs, step: `${shared.step} --link` });
  const known = attempt.mayReuse ? records.get(key) : undefined;
  if (known) scope.hold(known.chain);
  if (known && (await filesystems.has(known.chain))) {
    records.touch(key, Date.now());
    return await filesystems.restack(known.chain, parent.chain);
  }
  await using filesystem = await filesystems.prepare(null);
  await copyInto(scope, filesystem, { ...making, owner, isMovable: true });
  const layer = await commit(scope, filesystem, attempt);
  scope.hold(layer.chain);
  const nowMs = Date.now();
  records.put({
    key,
    chain: layer.chain,
    identity: key,
    sizeBytes: layer.sizeBytes,
    description: `${action.name} --link ${action.destination}`,
    site: '',
    parentKey: undefined,
    inputs,
    createdAtMs: nowMs,
    usedAtMs: nowMs,
    uses: 0,
  });
  return await filesystems.restack(layer.chain, parent.chain);
}

interface Copying extends Making {
  /** From --chown. */
  readonly owner: Owner | undefined;
  /** The layer goes onto any stack, so that it must share no file with another one. */
  readonly isMovable?: boolean;
}

async function copyInto(
  scope: BuildScope,
  filesystem: WritableFilesystem,
  copying: Copying,
): Promise<Surroundings | undefined> {
  const { action, materials, attempt } = copying;
  const sets: MaterialFiles[] = [];
  for (const material of materials) sets.push(await material.files(attempt.signal));
  const destination = await destinationOf(scope, filesystem, { action, sets });
  const found: (Surroundings | undefined)[] = [];
  const isOnly = sets.length === 1;
  for (const set of sets) {
    const one = { ...copying, set, destination, isOnly };
    found.push(...(await copySet(scope, filesystem.upperPath, one)));
  }
  return found.every((one) => one !== undefined) ? found.flat() : undefined;
}

interface Destination {
  readonly path: string;
  /** Undefined when the path alone does not tell: then a file goes into it if it is one. */
  readonly isDirectory: boolean | undefined;
}

/** Throws `invalid` when several things are to become one file. */
async function destinationOf(
  scope: BuildScope,
  filesystem: WritableFilesystem,
  { action, sets }: { action: CopyAction; sets: readonly MaterialFiles[] },
): Promise<Destination> {
  const path = posix.join('/', action.destination);
  if (path.endsWith('/')) return { path, isDirectory: true };
  const items = sets.flatMap((set) => set.items).filter(({ keepsPath }) => !keepsPath);
  if (items.length <= 1) return { path, isDirectory: undefined };
  // Only here something has to be known of the filesystem beforehand, which takes a mount.
  const kind = await scope.ports.rootFiles.kindOf(await filesystem.mount(), path);
  if (kind === 'directory') return { path, isDirectory: true };
  throw invalid(
    `when using ${action.name} with more than one source file, the destination must be a directory and end with a /`,
  );
}

async function copySet(
  scope: BuildScope,
  targetRoot: string,
  copying: Copying & { set: MaterialFiles; destination: Destination; isOnly: boolean },
): Promise<(Surroundings | undefined)[]> {
  const { action, attempt, set, destination } = copying;
  const groups = Map.groupBy(set.items, ({ sourceRoot }) => sourceRoot);
  const found: (Surroundings | undefined)[] = [];
  for (const [sourceRoot, items] of groups) {
    const [{ unpacked }] = items as [MaterialItem];
    const surroundings = await scope.ports.trees.copy({
      sourceRoot,
      items: items.map((item) => copyItem(item, destination)),
      skip: unionOf(items.map(({ skip }) => skip)),
      targetRoot,
      owner: copying.owner ?? (unpacked ? undefined : set.owner),
      mode: unpacked ? undefined : action.mode,
      epochS: scope.epochS,
      mayLink: set.mayLink && !copying.isMovable,
      mayShare: copying.isOnly && groups.size === 1,
      signal: attempt.signal,
    });
    found.push(surroundings);
  }
  return found;
}

/** Items of one selection share a set: then that is it. */
function unionOf(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const different = new Set(sets);
  const [only] = different;
  return different.size === 1 && only ? only : new Set([...different].flatMap((set) => [...set]));
}

function copyItem(item: MaterialItem, { path, isDirectory }: Destination): CopyItem {
  const { sourcePath, under, keepsPath, shallow } = item;
  if (keepsPath || (isDirectory && !item.isDirectory)) {
    return { sourcePath, targetPath: posix.join(path, under), ...(shallow && { shallow }) };
  }
  if (item.isDirectory) return { sourcePath, targetPath: path, contents: true };
  return { sourcePath, targetPath: path, ...(isDirectory === undefined && { under }) };
}
