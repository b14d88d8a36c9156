import { type ByteStream, invalid } from '../../core/index.ts';

/*
 * Node's decompressor stops at the end of the first zstd frame in a write, so streams of several
 * frames (pzstd, zstd:chunked layers) are cut at the borders of frames before they reach it. The
 * borders are found without decompressing: each block tells its size (RFC 8878, section 3.1).
 */

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a5;

/**
 * The stream in pieces of which none reaches over a frame's end. Throws `invalid` when it ends
 * within a frame, or when what follows a frame is not one.
 */
export async function* zstdFrames(stream: ByteStream): ByteStream {
  const scanner = createFrameScanner();
  for await (const chunk of stream) {
    let from = 0;
    while (from < chunk.length) {
      const border = scanner.nextBorder(chunk, from);
      yield from === 0 && border === chunk.length ? chunk : chunk.subarray(from, border);
      from = border;
    }
  }
  if (!scanner.atBorder) throw invalid('decompress zstd: stream ends within a frame');
}

interface FrameScanner {
  /** Position after the end of the frame that `at` is in, or the end of the bytes. */
  nextBorder(bytes: Uint8Array, at: number): number;
  readonly atBorder: boolean;
}

type Field = 'magic' | 'skippable-size' | 'frame-descriptor' | 'block-header';
const fieldBytes: Record<Field, number> = {
  magic: 4,
  'skippable-size': 4,
  'frame-descriptor': 1,
  'block-header': 3,
};

function createFrameScanner(): FrameScanner {
  const value = Buffer.alloc(4);
  let field: Field = 'magic';
  let gathered = 0;
  /** Bytes to pass over before the next field. */
  let skip = 0;
  let checksumBytes = 0;

  const expect = (next: Field, skipBytes: number) => {
    field = next;
    skip = skipBytes;
    gathered = 0;
  };
  const takeField = () => {
    switch (field) {
      case 'magic': {
        const magic = value.readUInt32LE(0);
        if (magic === frameMagic) expect('frame-descriptor', 0);
        else if (magic >>> 4 === skippableMagic) expect('skippable-size', 0);
        else throw invalid(`decompress zstd: 0x${magic.toString(16)} does not begin a frame`);
        break;
      }
      case 'skippable-size':
        expect('magic', value.readUInt32LE(0));
        break;
      case 'frame-descriptor':
        checksumBytes = value[0]! & 4;
        expect('block-header', frameHeaderRestBytes(value[0]!));
        break;
      case 'block-header': {
        const header = value.readUIntLE(0, 3);
        const type = (header >> 1) & 3;
        if (type === 3) throw invalid('decompress zstd: block is of the reserved type');
        const isLast = (header & 1) === 1;
        const blockBytes = type === 1 ? 1 : header >> 3;
        if (isLast) expect('magic', blockBytes + checksumBytes);
        else expect('block-header', blockBytes);
      }
    }
  };

  return {
    nextBorder(bytes, start) {
      let at = start;
      while (at < bytes.length) {
        if (skip > 0) {
          const passed = Math.min(skip, bytes.length - at);
          skip -= passed;
          at += passed;
        } else {
          value[gathered++] = bytes[at++]!;
          if (gathered < fieldBytes[field]) continue;
          takeField();
        }
        if (skip === 0 && field === 'magic' && gathered === 0) return at;
      }
      return at;
    },
    get atBorder() {
      return skip === 0 && field === 'magic' && gathered === 0;
    },
  };
}

/** Bytes of window descriptor, dictionary id and content size that follow a frame's descriptor. */
function frameHeaderRestBytes(descriptor: number): number {
  const singleSegment = (descriptor >> 5) & 1;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
  const contentSizeBytes = [singleSegment, 2, 4, 8][descriptor >> 6]!;
  return 1 - singleSegment + dictionaryIdBytes + contentSizeBytes;
}
