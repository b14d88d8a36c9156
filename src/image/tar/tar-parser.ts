import { internal, invalid } from '../../core/index.ts';
import { createExtensions, isExtensionFlag, mostHeaderBytes } from './extensions.ts';
import { blockBytes, type HeaderBlock, readHeaderBlock } from './header-block.ts';
import { quoteMember } from './member-text.ts';
import type { SparseFields } from './pax.ts';
import {
  checkExtents,
  createSparseMapReader,
  type Extent,
  extensionExtents,
  headerExtents,
  headerRealSize,
  type SparseMapReader,
} from './sparse.ts';
import { createSparseContent, createZeroFeeder, type SparseContent } from './sparse-content.ts';
import type { TarEntry } from './tar-entry.ts';

export interface TarHandlers {
  /** A member begins. `'skip'` passes over its content without any further call for it. */
  onEntry(entry: TarEntry, stored: StoredContent): 'skip' | undefined;
  /** Bytes of the member's content, in order: a view of what was written, valid as long as that. */
  onData?(bytes: Buffer): void;
  /**
   * A hole of a sparse file, between data. Without this handler holes come as zeros through
   * `onData`, within a limit for the whole archive.
   */
  onHole?(sizeBytes: number): void;
  /** The member's content is complete. */
  onEnd?(entry: TarEntry): void;
}

/** Where in the archive a member's content lies, for reading it in place. */
export interface StoredContent {
  readonly offset: number;
  readonly sizeBytes: number;
  /** Whether what is stored differs from the content, holes being left out. */
  readonly sparse: boolean;
}

/** Fed with an archive in pieces of any size; hands out its members synchronously. */
export interface TarParser {
  /** Throws `invalid` on a malformed archive, or what a handler throws; then it is of no more use. */
  write(bytes: Uint8Array): void;
  /** How many of the bytes that come next nobody wants, so that a file's reader may leap. */
  readonly skippableBytes: number;
  /** In place of writing that many bytes, of which at most `skippableBytes`. */
  skip(sizeBytes: number): void;
  /** Tells that the archive is over. Throws `invalid` when it ends within a member. */
  end(): void;
}

/**
 * Reads pax, ustar, GNU, star and v7 archives, GNU sparse files included, without trusting them.
 * What follows the first block of zeros is ignored, as every reader does. An archive that ends
 * between two members without such a block is accepted.
 */
export function createTarParser(handlers: TarHandlers): TarParser {
  return new Parser(handlers);
}

/** What the bytes at hand belong to; `skipped` is content nobody wants, or padding. */
type Phase =
  | 'header'
  | 'extension'
  | 'sparse-table'
  | 'sparse-map'
  | 'content'
  | 'skipped'
  | 'finished';

/** A class because its state is large and its methods are hot. */
class Parser implements TarParser {
  readonly #handlers: TarHandlers;
  readonly #hole: (sizeBytes: number) => void;
  readonly #extensions = createExtensions();
  #phase: Phase = 'header';
  /** Bytes of the archive before the write at hand. */
  #consumedBytes = 0;
  /** A block or extension of which the beginning came in earlier writes. */
  #partial: Buffer | undefined;
  #partialBytes = 0;
  /** Content bytes still to come, and the padding after them. */
  #contentLeft = 0;
  #paddingLeft = 0;

  #extension = { flag: '', sizeBytes: 0 };
  #entry: TarEntry | undefined;
  #extents: Extent[] = [];
  #mapReader: SparseMapReader | undefined;
  #realSizeBytes = 0;
  #sparse: SparseContent | undefined;

  constructor(handlers: TarHandlers) {
    this.#handlers = handlers;
    this.#hole = handlers.onHole
      ? (sizeBytes) => handlers.onHole?.(sizeBytes)
      : createZeroFeeder((bytes) => handlers.onData?.(bytes));
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < bytes.length) {
      switch (this.#phase) {
        case 'finished':
          at = bytes.length;
          break;
        case 'content':
          at = this.#takeContent(bytes, at);
          break;
        case 'skipped':
          at += this.#pass(bytes.length - at);
          break;
        case 'extension':
          at = this.#gather(bytes, at, padded(this.#extension.sizeBytes));
          break;
        default:
          at = this.#gather(bytes, at, blockBytes);
      }
    }
    this.#consumedBytes += bytes.length;
  }

  get skippableBytes(): number {
    return this.#phase === 'skipped' ? this.#contentLeft + this.#paddingLeft : 0;
  }

  skip(sizeBytes: number): void {
    if (sizeBytes > this.skippableBytes) {
      throw internal(`skip in tar: ${sizeBytes} of ${this.skippableBytes} bytes`);
    }
    this.#consumedBytes += this.#pass(sizeBytes);
  }

  end(): void {
    if (this.#phase === 'finished') return;
    // A member whose content is whole may lack its padding.
    const betweenMembers =
      this.#phase === 'header' || (this.#phase === 'skipped' && this.#contentLeft === 0);
    if (!betweenMembers || this.#partialBytes > 0) {
      const last = this.#entry ? `, in or after ${quoteMember(this.#entry.path)}` : '';
      throw invalid(`read tar: archive is cut after ${this.#consumedBytes} bytes${last}`);
    }
    this.#refusePendingExtension();
  }

  /** Waits until `wanted` bytes are there, then acts on them; copies only what spans two writes. */
  #gather(bytes: Buffer, at: number, wanted: number): number {
    if (this.#partialBytes === 0 && bytes.length - at >= wanted) {
      this.#act(bytes, at, at + wanted);
      return at + wanted;
    }
    this.#partial ??= Buffer.allocUnsafe(wanted);
    const partial = this.#partial;
    const taken = Math.min(wanted - this.#partialBytes, bytes.length - at);
    bytes.copy(partial, this.#partialBytes, at, at + taken);
    this.#partialBytes += taken;
    if (this.#partialBytes === wanted) {
      this.#partialBytes = 0;
      this.#partial = undefined;
      this.#act(partial, 0, at + taken);
    }
    return at + taken;
  }

  /** Acts on a whole block or extension; `next` is where the write at hand goes on after it. */
  #act(bytes: Buffer, at: number, next: number): void {
    switch (this.#phase) {
      case 'header':
        this.#takeHeader(bytes, at, next);
        break;
      case 'extension':
        this.#takeExtension(bytes, at);
        break;
      case 'sparse-table':
        if (!extensionExtents(bytes, at, this.#extents).more) this.#startSparse(next);
        break;
      case 'sparse-map':
        this.#takeMapBlock(bytes, at, next);
        break;
    }
  }

  #takeHeader(bytes: Buffer, at: number, next: number): void {
    const header = readHeaderBlock(bytes, at);
    if (!header) {
      this.#refusePendingExtension();
      this.#phase = 'finished';
    } else if (isExtensionFlag(header.typeFlag)) {
      this.#startExtension(header);
    } else if (header.typeFlag === 'V') {
      // A GNU volume label, which is no member.
      this.#expectContent(header.sizeBytes);
      this.#startSkip();
    } else {
      const { entry, storedBytes, sparse } = this.#extensions.applyTo(header);
      this.#entry = entry;
      this.#expectContent(storedBytes);
      if (header.typeFlag === 'S') this.#readOldSparse(bytes, at, next);
      else if (sparse) this.#readPaxSparse(sparse, next);
      else this.#announce({ offset: this.#consumedBytes + next, sparse: false });
    }
  }

  #startExtension({ typeFlag, sizeBytes }: HeaderBlock): void {
    if (sizeBytes > mostHeaderBytes) {
      throw invalid(
        `read tar: extended header "${typeFlag}" of ${sizeBytes} bytes is over ${mostHeaderBytes}`,
      );
    }
    this.#extension = { flag: typeFlag, sizeBytes };
    this.#phase = 'extension';
    if (sizeBytes === 0) this.#takeExtension(Buffer.alloc(0), 0);
  }

  #takeExtension(bytes: Buffer, at: number): void {
    const { flag, sizeBytes } = this.#extension;
    this.#phase = 'header';
    this.#extensions.add(flag, bytes.subarray(at, at + sizeBytes));
  }

  #readOldSparse(bytes: Buffer, at: number, next: number): void {
    this.#realSizeBytes = headerRealSize(bytes, at);
    this.#extents = [];
    if (headerExtents(bytes, at, this.#extents).more) this.#phase = 'sparse-table';
    else this.#startSparse(next);
  }

  #readPaxSparse(sparse: SparseFields, next: number): void {
    const version = `${sparse.major ?? 0}.${sparse.minor ?? 0}`;
    if (sparse.realSizeBytes === undefined || !['0.0', '0.1', '1.0'].includes(version)) {
      const path = quoteMember(this.#entry!.path);
      throw invalid(`read tar: sparse file ${path} has no size or the unknown format ${version}`);
    }
    this.#realSizeBytes = sparse.realSizeBytes;
    this.#extents = sparse.extents ?? [];
    if (version === '1.0') {
      this.#mapReader = createSparseMapReader();
      this.#phase = 'sparse-map';
      this.#requireMapBlock();
    } else {
      this.#startSparse(next);
    }
  }

  #takeMapBlock(bytes: Buffer, at: number, next: number): void {
    this.#contentLeft -= blockBytes;
    const extents = this.#mapReader!.addBlock(bytes, at);
    if (extents) {
      this.#extents = extents;
      this.#startSparse(next);
    } else {
      this.#requireMapBlock();
    }
  }

  #requireMapBlock(): void {
    if (this.#contentLeft < blockBytes) {
      throw invalid(`read tar: sparse map of ${quoteMember(this.#entry!.path)} is cut`);
    }
  }

  #startSparse(next: number): void {
    const layout = { extents: this.#extents, realSizeBytes: this.#realSizeBytes };
    checkExtents(layout, this.#contentLeft);
    this.#entry = { ...this.#entry!, sizeBytes: this.#realSizeBytes };
    this.#sparse = createSparseContent(layout, {
      data: (bytes) => this.#handlers.onData?.(bytes),
      hole: this.#hole,
    });
    this.#announce({ offset: this.#consumedBytes + next, sparse: true });
  }

  /** Hands the member out and settles what becomes of its content. */
  #announce({ offset, sparse }: { offset: number; sparse: boolean }): void {
    const entry = this.#entry!;
    const stored = { offset, sizeBytes: this.#contentLeft, sparse };
    const skip = this.#handlers.onEntry(entry, stored) === 'skip';
    if (skip || !this.#handlers.onData) {
      this.#sparse = undefined;
      this.#startSkip();
      if (!skip) this.#handlers.onEnd?.(entry);
    } else if (this.#contentLeft === 0) {
      this.#finishMember();
    } else {
      this.#phase = 'content';
    }
  }

  #expectContent(storedBytes: number): void {
    this.#contentLeft = storedBytes;
    this.#paddingLeft = padded(storedBytes) - storedBytes;
  }

  #startSkip(): void {
    this.#phase = this.#contentLeft + this.#paddingLeft > 0 ? 'skipped' : 'header';
  }

  #takeContent(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#contentLeft);
    this.#contentLeft -= end - at;
    const content = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
    if (this.#sparse) this.#sparse.write(content);
    else this.#handlers.onData!(content);
    if (this.#contentLeft === 0) this.#finishMember();
    return end;
  }

  /** Takes up to that many bytes that nobody wants and tells how many. */
  #pass(sizeBytes: number): number {
    const content = Math.min(sizeBytes, this.#contentLeft);
    this.#contentLeft -= content;
    const padding = Math.min(sizeBytes - content, this.#paddingLeft);
    this.#paddingLeft -= padding;
    this.#startSkip();
    return content + padding;
  }

  #finishMember(): void {
    this.#sparse?.end();
    this.#sparse = undefined;
    this.#startSkip();
    this.#handlers.onEnd?.(this.#entry!);
  }

  #refusePendingExtension(): void {
    if (this.#extensions.pending) {
      throw invalid('read tar: archive ends after an extended header without its member');
    }
  }
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}
