import { createHash, type Hash, hash } from 'node:crypto';
import { constants as fs } from 'node:fs';
import { invalid, type ListedFiles, unavailable } from '../../core/index.ts';
import { quoteMember } from '../../image/index.ts';
import {
  check,
  closeFd,
  cwdFd,
  fchmod,
  fchown,
  futimes,
  openAt,
  openDirectory,
  writeFully,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { writeFdXattrs } from '../files/layer-xattrs.ts';
import type { JobContext } from '../threads/job.ts';
import { listedAttributes, type PackedListing, unpackListing } from './listed-files.ts';
import { createPieceParser, type ListedPiece } from './piece-frames.ts';

export interface ReceiveFilesInput {
  /** An empty folder; a file is named for its number. */
  readonly staging: string;
  readonly listing: PackedListing | ListedFiles;
  readonly wanted: Uint32Array;
  readonly mostBytes: number;
}

export interface ReceiveFilesOutput {
  /** 32 bytes for each file, in the order of `wanted`. */
  readonly digests: Uint8Array;
}

/** So many files may be under way at once: a client sends a few side by side. */
const mostOpen = 256;
const createNew = fs.O_WRONLY | fs.O_CREAT | fs.O_EXCL | fs.O_NOFOLLOW;
const digestBytes = 32;

/** Job: writes the contents that come framed as input, digesting them on the way. */
export async function receiveFiles(
  input: ReceiveFilesInput,
  context: JobContext,
): Promise<ReceiveFilesOutput> {
  const receiving = new Receiving(input);
  const parse = createPieceParser((piece) => receiving.take(piece));
  try {
    for await (const bytes of context.input) {
      context.checkCanceled();
      parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    }
    return { digests: receiving.finish() };
  } catch (error) {
    throw diskError('receive context', error);
  } finally {
    receiving.close();
  }
}

interface OpenFile {
  readonly fd: number;
  /** Of a file whose content comes in several pieces. */
  readonly hash: Hash | undefined;
}

class Receiving {
  readonly #listed: ListedFiles;
  readonly #folderFd: number;
  readonly #digests: Uint8Array;
  /** Place of each number in `wanted`, for those that did not come whole yet. */
  readonly #left = new Map<number, number>();
  readonly #open = new Map<number, OpenFile>();
  #bytesLeft: number;

  constructor({ staging, listing, wanted, mostBytes }: ReceiveFilesInput) {
    this.#listed = unpackListing(listing);
    this.#folderFd = check(openAt(cwdFd, staging, openDirectory), 'openat', staging);
    this.#digests = new Uint8Array(wanted.length * digestBytes);
    for (const [place, number] of wanted.entries()) this.#left.set(number, place);
    this.#bytesLeft = mostBytes;
  }

  take({ number, bytes, isLast }: ListedPiece): void {
    const place = this.#left.get(number);
    if (place === undefined) throw invalid('receive context: a file came that was not asked for');
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft < 0) throw invalid('receive context: it is too large');
    const file = this.#open.get(number) ?? this.#begin(number, isLast);
    check(writeFully(file.fd, bytes), 'write', this.#listed.paths[number]);
    file.hash?.update(bytes);
    if (!isLast) return;
    // Most files come in one piece, which one call digests.
    const digest = file.hash?.digest() ?? hash('sha256', bytes, 'buffer');
    this.#digests.set(digest, place * digestBytes);
    this.#dress(file.fd, number);
    this.#left.delete(number);
    this.#open.delete(number);
    closeFd(file.fd);
  }

  #begin(number: number, isWhole: boolean): OpenFile {
    if (this.#open.size >= mostOpen) throw invalid('receive context: too many files side by side');
    const fd = openAt(this.#folderFd, String(number), createNew, 0o600);
    check(fd, 'openat', this.#listed.paths[number]);
    const file = { fd, hash: isWhole ? undefined : createHash('sha256') };
    this.#open.set(number, file);
    return file;
  }

  #dress(fd: number, number: number): void {
    const path = this.#listed.paths[number]!;
    const { mode, uid, gid, mtimeNs, xattrs } = listedAttributes(this.#listed, number);
    if (uid !== 0 || gid !== 0) check(fchown(fd, uid, gid), 'fchown', path);
    check(fchmod(fd, mode), 'fchmod', path);
    if (xattrs.size > 0) writeFdXattrs(fd, xattrs);
    check(futimes(fd, mtimeNs), 'futimens', path);
  }

  finish(): Uint8Array {
    const [missing] = this.#left.keys();
    if (missing === undefined) return this.#digests;
    const path = quoteMember(this.#listed.paths[missing]!);
    throw unavailable(`receive context: ${path} did not come whole`);
  }

  close(): void {
    for (const { fd } of this.#open.values()) closeFd(fd);
    this.#open.clear();
    closeFd(this.#folderFd);
  }
}
