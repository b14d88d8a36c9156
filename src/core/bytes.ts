import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm, finishDigest } from './digest.ts';
import { invalid } from './errors.ts';

/** A stream of bytes, read once. Functions that offer one give a fresh one at each call. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** The whole stream in one buffer; throws `invalid` as soon as it passes `limitBytes`. */
export async function collect(stream: ByteStream, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw invalid(`read stream: more than the allowed ${limitBytes} bytes`, {
        code: 'SIZE_INVALID',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

export async function* streamOf(...chunks: (Uint8Array | string)[]): ByteStream {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Passes the stream on and throws `invalid` at its end unless digest and size are as expected. */
export async function* verifying(
  stream: ByteStream,
  expected: { digest: Digest; sizeBytes?: number },
): ByteStream {
  const algorithm = digestAlgorithm(expected.digest);
  const hash = createHash(algorithm);
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (expected.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) {
      throw invalid(
        `verify ${expected.digest}: more than the announced ${expected.sizeBytes} bytes`,
        {
          code: 'SIZE_INVALID',
        },
      );
    }
    hash.update(chunk);
    yield chunk;
  }
  if (expected.sizeBytes !== undefined && sizeBytes < expected.sizeBytes) {
    throw invalid(
      `verify ${expected.digest}: ended after ${sizeBytes} of ${expected.sizeBytes} bytes`,
      {
        code: 'SIZE_INVALID',
      },
    );
  }
  const actual = finishDigest(hash, algorithm);
  if (actual !== expected.digest) {
    throw invalid(`verify ${expected.digest}: content has digest ${actual}`, {
      code: 'DIGEST_INVALID',
    });
  }
}
