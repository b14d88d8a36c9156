import { invalid } from '../../core/index.ts';
import type { Extent } from './sparse.ts';

/** Zeros an archive may make its reader invent. */
const mostHoleBytes = 8 * 2 ** 30;

export const zeros = Buffer.alloc(64 * 1024);

/** Tells the stored bytes of a sparse file apart into data and the holes between. */
export interface SparseContent {
  write(bytes: Buffer): void;
  end(): void;
}

export function createSparseContent(
  layout: { extents: readonly Extent[]; realSizeBytes: number },
  deliver: { data: (bytes: Buffer) => void; hole: (sizeBytes: number) => void },
): SparseContent {
  let index = 0;
  let position = 0;
  const skipTo = (offset: number) => {
    if (offset > position) deliver.hole(offset - position);
    position = offset;
  };
  return {
    write(bytes) {
      let at = 0;
      while (at < bytes.length) {
        // Extents were checked to add up to what is stored, so there is one.
        const extent = layout.extents[index]!;
        if (position < extent.offset) skipTo(extent.offset);
        const left = extent.offset + extent.sizeBytes - position;
        const taken = Math.min(left, bytes.length - at);
        if (taken > 0) deliver.data(bytes.subarray(at, at + taken));
        position += taken;
        at += taken;
        if (taken === left) index++;
      }
    },
    end: () => skipTo(layout.realSizeBytes),
  };
}

/** Turns holes into zeros, up to `mostHoleBytes` in all. */
export function createZeroFeeder(data: (bytes: Buffer) => void): (sizeBytes: number) => void {
  let budget = mostHoleBytes;
  return (sizeBytes) => {
    budget -= sizeBytes;
    if (budget < 0) {
      throw invalid(`read tar: holes in sparse files come to over ${mostHoleBytes} bytes`);
    }
    for (let left = sizeBytes; left > 0; left -= zeros.length) {
      data(left < zeros.length ? zeros.subarray(0, left) : zeros);
    }
  };
}
