import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoCode, errorMessage, invalid, notFound } from '../../core/index.ts';
import type { Call } from '../grpc/byte-call.ts';
import { decodeChoice } from './choice-headers.ts';
import { entryType } from './file-mode.ts';
import {
  decodePacket,
  encodeData,
  encodeError,
  encodeFinish,
  encodeListingEnd,
  encodeStat,
  packetType,
} from './packet.ts';
import { type PathPatterns, systemPath, walkFolder } from './walk-folder.ts';
import { followPaths } from './wanted-paths.ts';

/** A folder of this machine that the other end may read. */
export interface ServedFolder {
  readonly root: string;
  /** Owners as they are; else everything is root's, as a context is. */
  readonly keepsOwners?: boolean;
}

export interface ServeFolderOptions {
  readonly folders: Readonly<Record<string, ServedFolder>>;
  /** Compiles ignore patterns. */
  readonly patterns: (patterns: readonly string[]) => PathPatterns;
}

const batchBytes = 256 * 1024;
const batchEntries = 512;

/** Answers a DiffCopy for one of the folders. */
export async function serveFolder(call: Call, options: ServeFolderOptions): Promise<void> {
  const choice = decodeChoice(call.metadata);
  const folder = Object.hasOwn(options.folders, choice.name)
    ? options.folders[choice.name]
    : undefined;
  if (!folder) throw notFound(`no access allowed to dir ${JSON.stringify(choice.name)}`);
  const wantedPaths = [...(choice.only ?? []), ...choice.include];
  await sendFolder(call, {
    root: folder.root,
    excluded: options.patterns(choice.exclude),
    keepsOwners: folder.keepsOwners ?? false,
    wanted:
      wantedPaths.length > 0 ? followPaths(folder.root, wantedPaths, options.patterns) : undefined,
  });
}

/** The sending half of an exchange: lists the folder, and sends the files that are asked for. */
export async function sendFolder(
  call: Pick<Call, 'messages' | 'send'>,
  walk: Parameters<typeof walkFolder>[0],
): Promise<void> {
  /** Path of each file that can be asked for, by its place in the listing. */
  const files = new Map<number, string>();
  const asked: number[] = [];
  let isOver = false;
  let wake = () => {};

  async function list(): Promise<void> {
    let id = 0;
    let batch: Buffer[] = [];
    for (const stat of walkFolder(walk)) {
      if (isOver) return;
      if (entryType(stat.mode) === 'file') files.set(id, stat.path);
      id++;
      batch.push(encodeStat(stat));
      if (batch.length < batchEntries) continue;
      await call.send(batch);
      batch = [];
      await nextTurn();
    }
    if (!isOver) await call.send([...batch, encodeListingEnd()]);
  }

  async function answer(): Promise<void> {
    while (!isOver) {
      if (asked.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for (const batch of contents(walk.root, files, asked)) {
        if (isOver) return;
        await call.send(batch);
        await nextTurn();
      }
    }
  }

  async function listen(): Promise<void> {
    try {
      for await (const messages of call.messages) {
        for (const message of messages) {
          const { type, id, data } = decodePacket(message);
          if (type === packetType.request) asked.push(id);
          else if (type === packetType.finish) {
            await call.send([encodeFinish()]);
            return;
          } else if (type === packetType.error) {
            throw invalid(`send folder: the other end says: ${data.toString('utf8', 0, 4096)}`);
          } else throw invalid(`send folder: a packet has the unexpected type ${type}`);
        }
        wake();
      }
    } finally {
      isOver = true;
      wake();
    }
  }

  const sending = Promise.all([list(), answer()]).catch(async (error) => {
    if (!isOver) await call.send([encodeError(errorMessage(error))]);
    throw error;
  });
  await Promise.race([listen(), sending.then(() => new Promise<never>(() => {}))]);
}

/** Contents of the files asked for, as packets in batches; takes from the front of `asked`. */
function* contents(root: string, files: Map<number, string>, asked: number[]): Generator<Buffer[]> {
  const scratch = Buffer.allocUnsafe(batchBytes);
  let batch: Buffer[] = [];
  let sizeBytes = 0;
  for (const id of asked.splice(0)) {
    const path = files.get(id);
    if (path === undefined) throw invalid(`send folder: invalid file id ${id}`);
    files.delete(id);
    for (const piece of pieces(root, path, scratch)) {
      batch.push(encodeData(id, piece));
      sizeBytes += piece.length + 64;
      if (sizeBytes < batchBytes) continue;
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** A file's bytes and, last, none. One that is gone by now is empty, as for BuildKit's clients. Pieces are views of `scratch`. */
function* pieces(root: string, path: string, scratch: Buffer): Generator<Uint8Array> {
  const fd = openFile(root, path);
  try {
    while (fd !== undefined) {
      const read = readSync(fd, scratch);
      if (read === 0) break;
      yield scratch.subarray(0, read);
      if (read < scratch.length) break;
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  yield Buffer.alloc(0);
}

// Should something else stand there by now: no links, no waiting for a fifo's writer.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function openFile(root: string, path: string): number | undefined {
  try {
    return openSync(systemPath(root, path), readFlags);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
