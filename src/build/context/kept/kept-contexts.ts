import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoCode, inTurns } from '../../../core/index.ts';
import type { Trees, UnpackLimits } from '../../ports.ts';
import type { RemoteFolder } from '../../remote-folder.ts';
import { createTurns } from '../../solve/turns.ts';
import { type FileIndex, indexing } from '../file-index.ts';
import { actionsAnew, compareTrees, completeTree, type TreeChanges } from './compare-trees.ts';
import type { ContextListing, ContextTree } from './context-listing.ts';
import { type KeptFacts, readFacts, readIndexFile, writeIndexFile } from './index-file.ts';
import { readListing } from './read-listing.ts';
import { receiveContents } from './receive-contents.ts';
import { syncOnce } from './sync-once.ts';
import { TreeEntries } from './tree-entries.ts';

/**
 * Contexts of clients that send only what changed: what each sent last is kept, under its key, in a
 * folder with an index of it. The index goes before the folder is changed and comes back when that
 * is done, so that a folder with one is as the index says.
 */
export interface KeptContexts {
  /**
   * Brings a client's folder to the disk. What it gives stays as it is until dispose. Throws `invalid`
   * for a listing that cannot be, `unavailable` when the client goes away or the disk is full.
   */
  sync(folder: RemoteFolder, options: SyncOptions): Promise<SyncedContext>;
  list(): KeptContext[];
  /** Removes one unless it is in use; false when it is. */
  remove(id: string): Promise<boolean>;
}

export interface SyncOptions {
  /** Ignore patterns. */
  readonly exclude: readonly string[];
  readonly limits: UnpackLimits;
  /** Makes a folder of the build's own, on the same filesystem. */
  readonly newFolder: (purpose: string) => Promise<string>;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface SyncedContext extends Disposable {
  readonly index: FileIndex;
}

export interface KeptContext extends KeptFacts {
  readonly id: string;
  readonly inUse: boolean;
  readonly usedAtMs: number;
}

export interface KeptContextsOptions {
  readonly root: string;
  readonly trees: Trees;
  /** Takes over work that no build needs to wait for. */
  readonly sweep: (work: Promise<void>) => void;
  readonly now: () => number;
}

/** A kept context as this process knows it. */
interface Kept {
  readonly id: string;
  readonly folder: string;
  facts: KeptFacts;
  usedAtMs: number;
  /** Builds that compare with it or read it; with more than one, nobody changes it. */
  users: number;
  /** Undefined when nothing is kept, or it has not been read yet. */
  current: { readonly tree: ContextTree; readonly index: FileIndex } | undefined;
  isSaved: boolean;
}

const isId = /^[0-9a-f]{32}$/;

/** Of contexts that no build uses, so much stays in memory. */
const remembered = { contexts: 8, entries: 400_000 };

export function createKeptContexts(options: KeptContextsOptions): KeptContexts {
  return new FolderKeeper(options);
}

class FolderKeeper implements KeptContexts {
  readonly #options: KeptContextsOptions;
  /** The least recently used first. */
  readonly #known = new Map<string, Kept>();
  readonly #turns = createTurns();
  #removals = 0;

  /** Looks at what is there; what a crash left half-made is removed. */
  constructor(options: KeptContextsOptions) {
    this.#options = options;
    mkdirSync(options.root, { recursive: true, mode: 0o700 });
    const found = readdirSync(options.root).map((id) => this.#found(id));
    const kept = found.filter((context) => context !== undefined);
    for (const context of kept.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      this.#known.set(context.id, context);
    }
  }

  async sync(folder: RemoteFolder, options: SyncOptions): Promise<SyncedContext> {
    if (folder.key === undefined) {
      const choice = { exclude: options.exclude };
      const index = await syncOnce(folder, choice, { ...options, ...this.#options });
      return { index, [Symbol.dispose]: () => {} };
    }
    const kept = this.#take(folder.key);
    try {
      const base = await this.#read(kept);
      await using files = await folder.open({ exclude: options.exclude }, options.signal);
      const listing = await readListing(files.entries, options.limits, options.signal);
      const changes = await compareTrees(base?.tree, listing);
      if (base && changes.isEmpty) return this.#use(kept, base.index);
      const staging = await options.newFolder('received');
      const digests = await receiveContents(files, {
        ...options,
        listing,
        changes,
        staging,
        ...this.#options,
      });
      options.signal.throwIfAborted();
      const received: Received = {
        listing,
        changes,
        staging,
        tree: completeTree(listing, changes, digests),
      };
      return await this.#put(kept, received, options);
    } catch (error) {
      this.#release(kept);
      throw error;
    }
  }

  list(): KeptContext[] {
    return [...this.#known.values()]
      .filter(({ current, isSaved }) => current !== undefined || isSaved)
      .map(({ id, facts, users, usedAtMs }) => ({ ...facts, id, usedAtMs, inUse: users > 0 }));
  }

  async remove(id: string): Promise<boolean> {
    const kept = this.#known.get(id);
    if (!kept || kept.users > 0) return false;
    this.#known.delete(id);
    await this.#removeFolder(kept.folder);
    return true;
  }

  #found(id: string): Kept | undefined {
    const folder = join(this.#options.root, id);
    const facts = readFacts(join(folder, 'index'));
    if (facts && isId.test(id)) {
      const usedAtMs = statSync(join(folder, 'index')).mtimeMs;
      return { id, folder, facts, usedAtMs, users: 0, current: undefined, isSaved: true };
    }
    this.#options.sweep(this.#options.trees.remove(folder));
    return undefined;
  }

  /** The kept context of a key, in use from now on. */
  #take(key: string): Kept {
    const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const kept = this.#known.get(id) ?? this.#fresh(id, key);
    this.#known.delete(id);
    this.#known.set(id, kept);
    kept.users++;
    return kept;
  }

  #fresh(id: string, key: string): Kept {
    const nowMs = this.#options.now();
    const description = `local source for context ${JSON.stringify(key.slice(0, 100))}`;
    return {
      id,
      folder: join(this.#options.root, id),
      facts: { description, createdAtMs: nowMs, sizeBytes: 0, uses: 0 },
      usedAtMs: nowMs,
      users: 0,
      current: undefined,
      isSaved: false,
    };
  }

  #release(kept: Kept): void {
    kept.users--;
    if (kept.users === 0 && !kept.current && !kept.isSaved) this.#known.delete(kept.id);
    this.#forgetOld();
  }

  #use(kept: Kept, index: FileIndex): SyncedContext {
    kept.usedAtMs = this.#options.now();
    kept.facts = { ...kept.facts, uses: kept.facts.uses + 1 };
    const timeS = kept.usedAtMs / 1000;
    if (kept.isSaved) utimesSync(join(kept.folder, 'index'), timeS, timeS);
    let isOpen = true;
    return {
      index,
      [Symbol.dispose]: () => {
        if (isOpen) this.#release(kept);
        isOpen = false;
      },
    };
  }

  /** What is kept, from the disk where it is not in memory. An index that is not whole counts as none. */
  async #read(kept: Kept): Promise<Kept['current']> {
    using _turn = await this.#turns.take(kept.id);
    const path = join(kept.folder, 'index');
    if (kept.isSaved && !existsSync(path)) {
      // Somebody tidied up behind our back.
      kept.isSaved = false;
      kept.current = undefined;
    }
    if (kept.current || !kept.isSaved) return kept.current;
    const tree = await readIndexFile(path).catch(() => undefined);
    if (tree) kept.current = { tree, index: await indexOf(join(kept.folder, 'files'), tree) };
    else kept.isSaved = false;
    return kept.current;
  }

  /** Puts a new state where the old one was, or in the build's own folder while others use that. */
  async #put(kept: Kept, received: Received, options: SyncOptions): Promise<SyncedContext> {
    {
      using _turn = await this.#turns.take(kept.id, options.signal);
      if (kept.users === 1) return this.#use(kept, await this.#replace(kept, received));
    }
    const directory = await options.newFolder('context');
    const { listing, changes, staging, tree } = received;
    await this.#options.trees.update({
      directory,
      listed: listing,
      actions: actionsAnew(listing, changes),
      removed: [],
      staging,
      ...(kept.current && { base: join(kept.folder, 'files') }),
    });
    const index = await indexOf(directory, tree);
    this.#release(kept);
    return { index, [Symbol.dispose]: () => {} };
  }

  async #replace(kept: Kept, { listing, changes, staging, tree }: Received): Promise<FileIndex> {
    const directory = join(kept.folder, 'files');
    const isNew = kept.current === undefined;
    kept.current = undefined;
    kept.isSaved = false;
    if (isNew) {
      await this.#removeFolder(kept.folder);
      mkdirSync(directory, { recursive: true, mode: 0o755 });
    } else rmSync(join(kept.folder, 'index'), { force: true });
    try {
      const { actions, removed } = changes;
      await this.#options.trees.update({ directory, listed: listing, actions, removed, staging });
    } catch (error) {
      await this.#removeFolder(kept.folder);
      throw error;
    }
    const index = await indexOf(directory, tree);
    kept.current = { tree, index };
    kept.facts = { ...kept.facts, sizeBytes: tree.sizeBytes };
    this.#options.sweep(this.#save(kept, tree));
    return index;
  }

  /** Writes the index once the files are on the disk, unless the tree has changed again by then. */
  async #save(kept: Kept, tree: ContextTree): Promise<void> {
    const isWanted = () => kept.current?.tree === tree && this.#known.get(kept.id) === kept;
    const path = join(kept.folder, 'index');
    await this.#options.trees.settle(this.#options.root);
    if (!isWanted()) return;
    try {
      await writeIndexFile(path, { facts: kept.facts, tree }, isWanted);
      if (isWanted()) kept.isSaved = true;
    } catch (error) {
      // Removed or made anew meanwhile.
      if (isWanted() || errnoCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Takes a folder out of the way at once, and away in time. */
  async #removeFolder(folder: string): Promise<void> {
    const gone = `${folder}.gone-${process.pid}-${++this.#removals}`;
    try {
      renameSync(folder, gone);
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return;
      throw error;
    }
    await this.#options.trees.remove(gone);
  }

  /** Lets the least recently used trees go from memory. */
  #forgetOld(): void {
    let contexts = 0;
    let entries = 0;
    for (const kept of [...this.#known.values()].reverse()) {
      if (!kept.current) continue;
      contexts++;
      entries += kept.current.tree.count;
      const isTooMuch = contexts > remembered.contexts || entries > remembered.entries;
      if (isTooMuch && kept.users === 0 && kept.isSaved) kept.current = undefined;
    }
  }
}

/** A new state of a context, its contents still in the staging folder. */
interface Received {
  readonly listing: ContextListing;
  readonly changes: TreeChanges;
  readonly staging: string;
  readonly tree: ContextTree;
}

function indexOf(rootPath: string, tree: ContextTree): Promise<FileIndex> {
  return inTurns(indexing({ rootPath, entries: new TreeEntries(tree) }, { plainRoot: true }));
}
