import type { FilePiece, RemoteEntry, RemoteFiles } from '../../build/index.ts';
import { canceled, internal, invalid } from '../../core/index.ts';
import type { OpenCall } from '../grpc/channel.ts';
import { type BatchQueue, createBatchQueue } from './batch-queue.ts';
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

/** Entries and bytes that may wait for a slow reader. */
const mostEntriesWaiting = 16_384;
const mostBytesWaiting = 8 * 2 ** 20;
/** What a file may grow between its listing and its reading; that growth is left out. */
const mostGrowthBytes = 64 * 2 ** 20;

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

interface Pieces {
  readonly pieces: FilePiece[];
  sizeBytes: number;
}

/** The receiving half of an exchange of DiffCopy. What the client sends is believed only as checked. */
export class FolderExchange implements RemoteFiles {
  readonly #call: OpenCall;
  readonly #mostEntries: number;
  readonly #entries = createBatchQueue<RemoteEntry>(mostEntriesWaiting);
  readonly #files = new Map<string, { id: number; sizeBytes: number; isRead: boolean }>();
  readonly #openFiles = new Map<number, OpenFile>();
  readonly #readers = new Set<Reader>();
  readonly #checkOrder = createListingOrder();
  readonly #pumping: Promise<void>;
  #listed = 0;
  #isListed = false;
  #isClosing = false;
  #ending: { error: unknown } | undefined;

  /** Takes over the call. `mostEntries` bounds a listing without end. */
  constructor(call: OpenCall, mostEntries: number) {
    this.#call = call;
    this.#mostEntries = mostEntries;
    this.#pumping = this.#pump();
  }

  get entries(): RemoteFiles['entries'] {
    return this.#entries;
  }

  read(paths: readonly string[]): AsyncIterable<readonly FilePiece[]> {
    const queue = createBatchQueue<FilePiece>(mostBytesWaiting);
    const reader: Reader = { queue, filesOpen: 0 };
    if (this.#ending) {
      queue.fail(this.#ending.error);
      return queue;
    }
    const requests = paths.map((path) => encodeRequest(this.#openFile(path, reader)));
    if (requests.length === 0) queue.end();
    else {
      this.#readers.add(reader);
      this.#send(requests);
    }
    return queue;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#pumping;
  }

  #openFile(path: string, reader: Reader): number {
    const file = this.#files.get(path);
    // The client sends a file once.
    if (!file || file.isRead) {
      const why = file ? 'was read before' : 'is no file that was listed';
      throw internal(`read folder: ${JSON.stringify(path)} ${why}`);
    }
    file.isRead = true;
    this.#openFiles.set(file.id, { path, reader, leftBytes: file.sizeBytes });
    reader.filesOpen++;
    return file.id;
  }

  async #pump(): Promise<void> {
    const closed = () => canceled('read folder: it was closed');
    try {
      for await (const messages of this.#call.messages) {
        if (await this.#take(messages)) break;
      }
      if (!this.#isClosing) throw invalid('read folder: the client ended before all was read');
      this.#finish(closed());
    } catch (error) {
      this.#finish(this.#isClosing ? closed() : error);
      this.#call.cancel();
    }
  }

  /** Gives what arrived to its readers; true at the end of the exchange. */
  async #take(messages: readonly Buffer[]): Promise<boolean> {
    const entries: RemoteEntry[] = [];
    const pieces = new Map<Reader, Pieces>();
    let isOver = false;
    for (const message of messages) {
      const packet = decodePacket(message);
      if (packet.type === packetType.stat) this.#takeStat(packet, entries);
      else if (packet.type === packetType.data) this.#takeData(packet, pieces);
      else if (packet.type === packetType.finish) isOver = true;
      else if (packet.type === packetType.error) {
        throw invalid(`read folder: the client says: ${packet.data.toString('utf8', 0, 4096)}`);
      } else throw invalid(`read folder: a packet has the unknown type ${packet.type}`);
    }
    const patience = [this.#entries.push(entries, entries.length)];
    if (this.#isListed) this.#entries.end();
    for (const [reader, { pieces: batch, sizeBytes }] of pieces) {
      patience.push(reader.queue.push(batch, sizeBytes));
      if (reader.filesOpen > 0) continue;
      this.#readers.delete(reader);
      reader.queue.end();
    }
    for (const wait of patience) if (wait) await wait;
    return isOver;
  }

  #takeStat({ stat }: Packet, into: RemoteEntry[]): void {
    if (this.#isListed) throw invalid('read folder: an entry comes after the end of the listing');
    if (!stat) {
      this.#isListed = true;
      return;
    }
    const id = this.#listed++;
    if (this.#listed > this.#mostEntries) {
      throw invalid(`read folder: it has more than ${this.#mostEntries} entries`);
    }
    const entry = entryOf(stat);
    this.#checkOrder(stat.path, entry?.type === 'directory');
    if (!entry) return;
    const { path, type, sizeBytes, linkTarget } = entry;
    if (type === 'file') {
      if (linkTarget !== '' && !this.#files.has(linkTarget)) {
        const link = `${JSON.stringify(path)} is a link to ${JSON.stringify(linkTarget)}`;
        throw invalid(`read folder: ${link}, which was not listed before it`);
      }
      this.#files.set(path, { id, sizeBytes, isRead: false });
    }
    into.push(entry);
  }

  #takeData({ id, data }: Packet, into: Map<Reader, Pieces>): void {
    const file = this.#openFiles.get(id);
    if (!file) throw invalid(`read folder: bytes of file ${id} were sent and not asked for`);
    const { path, reader } = file;
    const isLast = data.length === 0;
    const bytes = data.subarray(0, Math.max(0, file.leftBytes));
    file.leftBytes -= data.length;
    if (file.leftBytes < -mostGrowthBytes) {
      throw invalid(`read folder: ${JSON.stringify(path)} is far longer than it was listed`);
    }
    if (isLast) {
      this.#openFiles.delete(id);
      reader.filesOpen--;
    } else if (bytes.length === 0) return;
    const batch = into.get(reader) ?? { pieces: [], sizeBytes: 0 };
    into.set(reader, batch);
    batch.pieces.push({ path, bytes, isLast });
    batch.sizeBytes += bytes.length;
  }

  #finish(error: unknown): void {
    this.#ending = { error };
    this.#entries.fail(error);
    for (const reader of this.#readers) reader.queue.fail(error);
  }

  /** Says that no more is wanted; what is under way is cut off. */
  #close(): void {
    if (this.#ending || this.#isClosing) return;
    this.#isClosing = true;
    this.#entries.end();
    for (const { queue } of this.#readers) queue.end();
    if (this.#isListed && this.#openFiles.size === 0) this.#send([encodeFinish()]);
    else this.#call.cancel();
  }

  /** Sends; when the call is over, whoever reads its messages is told. */
  #send(messages: readonly Uint8Array[]): void {
    if (!this.#call.signal.aborted) void this.#call.send(messages)?.catch(() => {});
  }
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
