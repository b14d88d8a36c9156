import type {
  FilePiece,
  RemoteChoice,
  RemoteEntry,
  RemoteFiles,
  RemoteFolder,
} from '../../build/index.ts';
import { canceled, internal, invalid, unsupported } from '../../core/index.ts';
import type { Channel, OpenCall } from '../grpc/channel.ts';
import { type BatchQueue, createBatchQueue } from './batch-queue.ts';
import { encodeChoice } from './choice-headers.ts';
import { entryType, permissionBits } from './file-mode.ts';
import { createListingOrder } from './listing-order.ts';
import {
  decodePacket,
  encodeFinish,
  encodeRequest,
  type Packet,
  packetType,
  type Stat,
} from './packet.ts';

export const diffCopyPath = '/moby.filesync.v1.FileSync/DiffCopy';

/** Entries and bytes that may wait for a slow reader. */
const mostEntriesWaiting = 16_384;
const mostBytesWaiting = 8 * 2 ** 20;
/** What a file may grow between its listing and its reading; that growth is left out. */
const mostGrowthBytes = 64 * 2 ** 20;

export interface RemoteFolderOptions {
  /** The client's name for it: `context`, `dockerfile`, or that of a named context. */
  readonly name: string;
  readonly key: string;
  /** Whether the client offers folders at all. */
  readonly isOffered: boolean;
  /** Bound for the listing, against clients that never end it. */
  readonly mostEntries?: number;
}

const emptyIterable: AsyncIterable<never> = { async *[Symbol.asyncIterator]() {} };

/** A folder of a session's client, read by fsutil's DiffCopy. */
export function remoteFolder(channel: Channel, options: RemoteFolderOptions): RemoteFolder {
  const { name, key } = options;
  return {
    key,
    async open(choice, signal) {
      if (!options.isOffered) {
        throw unsupported(`read folder ${JSON.stringify(name)}: the client offers no folders`);
      }
      if (choice.only?.length === 0) return noFiles;
      return openFiles(channel, { ...options, choice, signal });
    },
  };
}

/** What a choice of nothing gives; asked of the client, it would mean everything. */
const noFiles: RemoteFiles = {
  entries: emptyIterable,
  read: () => emptyIterable,
  async [Symbol.asyncDispose]() {},
};

interface OpenOptions extends RemoteFolderOptions {
  readonly choice: RemoteChoice;
  readonly signal: AbortSignal;
}

function openFiles(channel: Channel, options: OpenOptions): RemoteFiles {
  const { name, choice, signal } = options;
  const call = channel.open(diffCopyPath, { metadata: encodeChoice(name, choice), signal });
  const exchange = createExchange(call, options.mostEntries ?? 10_000_000);
  const pumping = exchange.pump();
  return {
    entries: exchange.entries,
    read: exchange.read,
    async [Symbol.asyncDispose]() {
      exchange.close();
      await pumping;
    },
  };
}

/** A file that was asked for and has not ended. */
interface OpenFile {
  readonly path: string;
  readonly reader: Reader;
  leftBytes: number;
}

interface Reader {
  readonly queue: BatchQueue<FilePiece>;
  filesOpen: number;
}

function createExchange(call: OpenCall, mostEntries: number) {
  const files = new Map<string, { id: number; sizeBytes: number; isRead: boolean }>();
  const openFiles = new Map<number, OpenFile>();
  const readers = new Set<Reader>();
  const checkOrder = createListingOrder();
  const entries = createBatchQueue<RemoteEntry>(mostEntriesWaiting);
  let listed = 0;
  let isListed = false;
  let isClosing = false;
  let ending: { error: unknown } | undefined;

  async function pump(): Promise<void> {
    try {
      for await (const messages of call.messages) {
        if (await take(messages)) break;
      }
      if (!isClosing) throw invalid('read folder: the client ended before all was read');
      finish(canceled('read folder: it was closed'));
    } catch (error) {
      finish(isClosing ? canceled('read folder: it was closed') : error);
      call.cancel();
    }
  }

  /** Gives what arrived to its readers; true at the end of the exchange. */
  async function take(messages: readonly Buffer[]): Promise<boolean> {
    const newEntries: RemoteEntry[] = [];
    const newPieces = new Map<Reader, { pieces: FilePiece[]; sizeBytes: number }>();
    let isOver = false;
    for (const message of messages) {
      const packet = decodePacket(message);
      if (packet.type === packetType.stat) takeStat(packet, newEntries);
      else if (packet.type === packetType.data) takeData(packet, newPieces);
      else if (packet.type === packetType.finish) isOver = true;
      else if (packet.type === packetType.error) {
        throw invalid(`read folder: the client says: ${packet.data.toString('utf8', 0, 4096)}`);
      } else throw invalid(`read folder: a packet has the unknown type ${packet.type}`);
    }
    const patience = [entries.push(newEntries, newEntries.length)];
    if (isListed) entries.end();
    for (const [reader, { pieces, sizeBytes }] of newPieces) {
      patience.push(reader.queue.push(pieces, sizeBytes));
      if (reader.filesOpen === 0) closeReader(reader);
    }
    for (const wait of patience) if (wait) await wait;
    return isOver;
  }

  function takeStat({ stat }: Packet, into: RemoteEntry[]): void {
    if (isListed) throw invalid('read folder: an entry comes after the end of the listing');
    if (!stat) {
      isListed = true;
      return;
    }
    const id = listed++;
    if (listed > mostEntries) throw invalid(`read folder: it has more than ${mostEntries} entries`);
    const entry = entryOf(stat);
    checkOrder(stat.path, entry?.type === 'directory');
    if (!entry) return;
    const { path, type, sizeBytes, linkTarget } = entry;
    if (type === 'file') {
      if (linkTarget !== '' && !files.has(linkTarget)) {
        throw invalid(
          `read folder: ${JSON.stringify(path)} is a link to ${JSON.stringify(linkTarget)}, which was not listed before it`,
        );
      }
      files.set(path, { id, sizeBytes, isRead: false });
    }
    into.push(entry);
  }

  function takeData(
    { id, data }: Packet,
    into: Map<Reader, { pieces: FilePiece[]; sizeBytes: number }>,
  ): void {
    const file = openFiles.get(id);
    if (!file) throw invalid(`read folder: bytes of file ${id} were sent and not asked for`);
    const { path, reader } = file;
    const isLast = data.length === 0;
    const bytes = data.subarray(0, Math.max(0, file.leftBytes));
    file.leftBytes -= data.length;
    if (file.leftBytes < -mostGrowthBytes) {
      throw invalid(`read folder: ${JSON.stringify(path)} is far longer than it was listed`);
    }
    if (isLast) {
      openFiles.delete(id);
      reader.filesOpen--;
    } else if (bytes.length === 0) return;
    const batch = into.get(reader) ?? { pieces: [], sizeBytes: 0 };
    into.set(reader, batch);
    batch.pieces.push({ path, bytes, isLast });
    batch.sizeBytes += bytes.length;
  }

  function closeReader(reader: Reader): void {
    readers.delete(reader);
    reader.queue.end();
  }

  function read(paths: readonly string[]): AsyncIterable<readonly FilePiece[]> {
    const queue = createBatchQueue<FilePiece>(mostBytesWaiting);
    const reader: Reader = { queue, filesOpen: 0 };
    if (ending) {
      queue.fail(ending.error);
      return queue;
    }
    const requests: Buffer[] = [];
    for (const path of paths) {
      const file = files.get(path);
      // The client sends a file once.
      if (!file || file.isRead) {
        throw internal(
          `read folder: ${JSON.stringify(path)} ${file ? 'was read before' : 'is no file that was listed'}`,
        );
      }
      file.isRead = true;
      openFiles.set(file.id, { path, reader, leftBytes: file.sizeBytes });
      reader.filesOpen++;
      requests.push(encodeRequest(file.id));
    }
    if (requests.length === 0) queue.end();
    else {
      readers.add(reader);
      sendQuietly(call, requests);
    }
    return queue;
  }

  function finish(error: unknown): void {
    ending = { error };
    entries.fail(error);
    for (const reader of readers) reader.queue.fail(error);
  }

  return {
    entries,
    read,
    pump,
    /** Says that no more is wanted; what is under way is cut off. */
    close(): void {
      if (ending || isClosing) return;
      isClosing = true;
      entries.end();
      for (const { queue } of readers) queue.end();
      const isQuiet = isListed && openFiles.size === 0;
      if (isQuiet) sendQuietly(call, [encodeFinish()]);
      else call.cancel();
    },
  };
}

/** Sends; when the call is over, whoever reads its messages is told. */
function sendQuietly(call: OpenCall, messages: readonly Uint8Array[]): void {
  if (!call.signal.aborted) void call.send(messages)?.catch(() => {});
}

/** Undefined for what has no place in a context: sockets. */
function entryOf(stat: Stat): RemoteEntry | undefined {
  const type = entryType(stat.mode);
  if (type === undefined) return undefined;
  const { path, uid, gid, mtimeNs, linkTarget, deviceMajor, deviceMinor, xattrs } = stat;
  const sizeBytes = type === 'file' ? stat.sizeBytes : 0;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw invalid(`read folder: the size of ${JSON.stringify(path)} is ${stat.sizeBytes}`);
  }
  const mode = permissionBits(stat.mode);
  const rest = { mtimeNs, linkTarget, deviceMajor, deviceMinor, xattrs };
  return { path, type, mode, uid, gid, sizeBytes, ...rest };
}
