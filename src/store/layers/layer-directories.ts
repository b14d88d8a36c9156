import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex } from '../../core/index.ts';
import { type Overlays, syncFilesystem } from '../../linux/index.ts';
import type { LayerPaths } from '../snapshots/layer-paths.ts';
import type { ChainId } from '../snapshots/snapshots.ts';
import type { Trash } from '../snapshots/trash.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { ChainRecord, LayerRecord, LayerRecords } from './layer-records.ts';

export interface LayerDirectoriesOptions {
  readonly paths: LayerPaths;
  readonly records: LayerRecords;
  readonly overlays: Overlays;
  readonly pool: WorkerPool;
  readonly trash: Trash;
}

/** `linkedInodes` are those of files that have names elsewhere, too. */
export interface NewLayerRecord extends Omit<LayerRecord, 'number'> {
  readonly linkedInodes?: Float64Array;
}

const syncDelayMs = 200;
/** Layers a mount has besides those of its stack. */
const reservedLayers = 2;

/**
 * The directories of committed layers: which ones make up a stack, and how they come and go. A stack
 * of more layers than one mount takes is mounted on a flattened directory, in which the files of its
 * lower layers stand merged, as hard links.
 */
export class LayerDirectories {
  readonly #options: LayerDirectoriesOptions;
  readonly #flattening = new Map<ChainId, Promise<string>>();
  #lastNumber: number;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();

  /** Deletes directories a crash left without a record. */
  constructor(options: LayerDirectoriesOptions) {
    this.#options = options;
    const { paths, records, trash } = options;
    this.#lastNumber = records.lastNumber();
    for (const name of readdirSync(paths.layers)) {
      this.#lastNumber = Math.max(this.#lastNumber, Number(name) || 0);
      if (!records.hasLayer(Number(name))) trash.take(join(paths.layers, name));
    }
    for (const name of readdirSync(paths.staging)) trash.take(join(paths.staging, name));
    for (const name of readdirSync(paths.flat)) {
      const isKnown = [...records.chains()].some(({ chain }) => digestHex(chain) === name);
      if (!isKnown) trash.take(join(paths.flat, name));
    }
    if (records.unsynced().length > 0) this.#syncSoon();
  }

  /** Directories of a stack, the topmost first, however many. */
  all(chain: ChainRecord | null): string[] {
    const found: string[] = [];
    for (let record = chain; record; record = record.parent) {
      found.push(this.#options.paths.layer(record.layer.number));
      if (record.layer.isOpaque) break;
    }
    return found;
  }

  /** Directories that show the same as the stack and are few enough for one mount. */
  async mountable(chain: ChainRecord | null): Promise<string[]> {
    const { overlays, paths } = this.#options;
    const pathBytes = Buffer.byteLength(paths.flat) + 65;
    const most = overlays.layerLimit(pathBytes) - reservedLayers;
    return await this.#within(chain, most);
  }

  async #within(chain: ChainRecord | null, most: number): Promise<string[]> {
    const found: string[] = [];
    // Every stack with these layers at its bottom uses the same flattened directory.
    const step = Math.max(1, Math.floor(most / 2));
    const base = Math.floor(((chain?.depth ?? 1) - 1) / step) * step;
    const isDeep = (chain?.depth ?? 0) > most;
    for (let record = chain; record; record = record.parent) {
      if (isDeep && record.depth === base) return [...found, await this.#flat(record, most)];
      found.push(this.#options.paths.layer(record.layer.number));
      if (record.layer.isOpaque) break;
    }
    return found;
  }

  async #flat(record: ChainRecord, most: number): Promise<string> {
    const path = join(this.#options.paths.flat, digestHex(record.chain));
    if (existsSync(path)) return path;
    const running =
      this.#flattening.get(record.chain) ??
      this.#flatten(record, path, most).finally(() => this.#flattening.delete(record.chain));
    this.#flattening.set(record.chain, running);
    return await running;
  }

  async #flatten(record: ChainRecord, path: string, most: number): Promise<string> {
    const { paths, pool } = this.#options;
    const layers = await this.#within(record, most);
    const staging = join(paths.staging, `flat-${digestHex(record.chain)}`);
    try {
      await pool.run('flatten-layers', { layers, directory: staging });
      renameSync(staging, path);
    } catch (error) {
      // Half of it would be in the way of the next attempt.
      this.#options.trash.take(staging);
      throw error;
    }
    return path;
  }

  /** Moves a finished directory to its place and records it, on disk soon after. */
  place(
    directory: string,
    { linkedInodes, ...layer }: NewLayerRecord,
    parent: ChainId | null,
  ): ChainRecord {
    const { paths, records, trash } = this.#options;
    const number = ++this.#lastNumber;
    renameSync(directory, paths.layer(number));
    try {
      return records.add({ number, ...layer }, parent, linkedInodes);
    } catch (error) {
      trash.take(paths.layer(number));
      throw error;
    } finally {
      this.#syncSoon();
    }
  }

  /**
   * Forgets a stack nothing stands on, with the directories only it had; gives the bytes of those,
   * none where another stack has its layer, too.
   */
  remove(chain: ChainId): number {
    const { paths, records, trash } = this.#options;
    const layer = records.remove(chain);
    trash.take(join(paths.flat, digestHex(chain)));
    if (!layer) return 0;
    trash.take(paths.layer(layer.number));
    return layer.sizeBytes;
  }

  /** Resolves when every layer recorded so far is on disk, and nothing more is being written. */
  async synced(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    const mine = this.#syncing.then(() => this.#syncNow());
    this.#syncing = mine.catch(() => {});
    await mine;
  }

  async #syncNow(): Promise<void> {
    const { records, paths } = this.#options;
    const numbers = records.unsynced();
    if (numbers.length === 0) return;
    await syncFilesystem(paths.layers);
    records.markSynced(numbers);
  }

  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => {
      // Those that fail stay marked as unsynced; the next layer tries again.
      this.synced().catch((error) => process.emitWarning(error as Error));
    }, syncDelayMs).unref();
  }
}
