import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, internal, randomId } from '../../core/index.ts';
import type { ArchiveDiffInput } from '../layers/archive-diff.ts';
import { changesRoot, dressRoot } from '../layers/dress-implied.ts';
import { type HashDiffInput, type HashDiffOutput, hashDiff } from '../layers/hash-diff.ts';
import { type ChainRecord, chainIdOf, committedLayer } from '../layers/layer-records.ts';
import { contextInPlace } from '../threads/job.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { CommitOptions, CommittedLayer } from './snapshots.ts';
import type { WritableSnapshotsOptions } from './writable-snapshots.ts';

/** So much is hashed in place, within a few milliseconds; a thread would take longer to start. */
const mostInPlace = { entries: 150, bytes: 512 * 1024 };

/**
 * Makes a layer of a writable snapshot that is not mounted (or, with `keep`, of copies of its
 * files). Its digest is that of the canonical archive of its directory.
 */
export async function commitSnapshot(
  parts: WritableSnapshotsOptions,
  snapshot: { id: string; parent: ChainRecord | null; ranInside: boolean },
  { epochS, signal, keep, leaveOut }: CommitOptions,
): Promise<CommittedLayer & { contentDigest?: Digest }> {
  const { paths, records, directories } = parts;
  const { parent } = snapshot;
  const upperPath = paths.writable(snapshot.id).upperPath;
  const lowers = directories.all(parent);
  const archive = { directory: upperPath, withRoot: changesRoot(upperPath, lowers), epochS };
  const { directory, diffId, sizeBytes, contentDigest, linkedInodes } = keep
    ? await copyLayer(parts, { ...archive, leaveOut }, lowers, signal)
    : await hash(parts.pool, { ...archive, withContentDigest: snapshot.ranInside }, signal);
  signal?.throwIfAborted();
  const existing = records.get(chainIdOf(parent?.chain ?? null, diffId));
  if (existing && keep) parts.trash.take(directory);
  const { withRoot } = archive;
  const layer = { diffId, sizeBytes, isOpaque: false, isBuilt: true, withRoot, epochS };
  const record =
    existing ?? directories.place(directory, { ...layer, linkedInodes }, parent?.chain ?? null);
  return { ...committedLayer(record), ...(contentDigest && { contentDigest }) };
}

interface NewLayer extends Omit<HashDiffOutput, 'linkedInodes'> {
  readonly directory: string;
  readonly linkedInodes?: Float64Array;
}

/** Unpacks the layer's own archive: what the snapshot writes from now on is no part of it. */
async function copyLayer(
  { paths, pool, trash }: WritableSnapshotsOptions,
  archive: ArchiveDiffInput,
  lowers: readonly string[],
  signal?: AbortSignal,
): Promise<NewLayer> {
  const directory = join(paths.staging, `commit-${randomId()}`);
  mkdirSync(directory);
  try {
    const input = pool.stream('archive-diff', archive, { signal });
    const { diffId, sizeBytes } = await pool.run('unpack-layer', { directory }, { input, signal });
    if (!archive.withRoot) dressRoot(directory, lowers);
    return { directory, diffId, sizeBytes };
  } catch (error) {
    trash.take(directory);
    throw error;
  }
}

async function hash(
  pool: WorkerPool,
  input: HashDiffInput,
  signal?: AbortSignal,
): Promise<NewLayer> {
  const small = hashDiff({ ...input, most: mostInPlace }, contextInPlace(signal));
  const hashed = small ?? (await pool.run('hash-diff', input, { signal }));
  if (!hashed) throw internal('hash layer: gave up without a limit');
  return { directory: input.directory, ...hashed };
}
