import type { FileHandle } from 'node:fs/promises';
import { type ByteStream, collect, notFound } from '../../core/index.ts';
import { mostDocumentBytes } from '../manifest/json-shape.ts';

/**
 * Files by relative path, of a directory or an archive: what images are read out of. Paths are
 * clean (`cleanMemberPath`). Dispose closes what is open.
 */
export interface MemberFiles extends AsyncDisposable {
  /** Size in bytes, or undefined when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** The file's bytes from `offset` on. Throws `not-found`. */
  open(path: string, options: { offset: number; signal?: AbortSignal }): ByteStream;
}

/** A small file whole, or undefined when there is none. Throws `invalid` when it is not small. */
export async function readDocument(files: MemberFiles, path: string): Promise<Buffer | undefined> {
  if ((await files.sizeOf(path)) === undefined) return undefined;
  return collect(files.open(path, { offset: 0 }), mostDocumentBytes);
}

export function noSuchMember(path: string) {
  return notFound(`read archive: it has no file ${JSON.stringify(path)}`);
}

const pieceBytes = 256 * 1024;

/** The bytes `start` to `end` (exclusive) of an open file, or up to where it ends before. */
export async function* readRange(
  handle: FileHandle,
  { start, end, signal }: { start: number; end: number; signal?: AbortSignal },
): ByteStream {
  let at = start;
  while (at < end) {
    signal?.throwIfAborted();
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - at));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead === piece.length ? piece : piece.subarray(0, bytesRead);
  }
}
