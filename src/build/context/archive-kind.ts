import { open } from 'node:fs/promises';

const magics: readonly (readonly [offset: number, bytes: readonly number[]])[] = [
  [0, [0x1f, 0x8b]],
  [0, [0x42, 0x5a, 0x68]],
  [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  [0, [0x28, 0xb5, 0x2f, 0xfd]],
  // "ustar" in the first header of a tar.
  [257, [0x75, 0x73, 0x74, 0x61, 0x72]],
];
const headBytes = 512;

/**
 * Does the file begin as a tar does, plain or compressed with gzip, bzip2, xz or zstd? A compressed
 * file may still hold something else. The path must be one of the builder's own folders.
 */
export async function looksLikeArchive(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    return magics.some(([offset, bytes]) =>
      Buffer.from(bytes).equals(head.subarray(offset, offset + bytes.length)),
    );
  } finally {
    await file.close();
  }
}
