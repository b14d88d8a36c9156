import { type ByteStream, internal } from '../../core/index.ts';
import { quoteMember } from './member-text.ts';
import {
  type NewTarEntry,
  type TarHeaderOptions,
  tarHeader,
  tarPadding,
  tarTrailer,
} from './tar-header.ts';

export interface NewTarMember {
  readonly entry: NewTarEntry;
  /** Exactly `entry.sizeBytes` bytes; absent for what has no content. */
  readonly content?: ByteStream | Iterable<Uint8Array>;
}

/** An archive of the members in the order given, ending with its trailer. */
export async function* writeTar(
  members: AsyncIterable<NewTarMember> | Iterable<NewTarMember>,
  options: TarHeaderOptions = {},
): ByteStream {
  for await (const { entry, content } of members) {
    yield tarHeader(entry, options);
    const expected = entry.type === 'file' ? (entry.sizeBytes ?? 0) : 0;
    let written = 0;
    for await (const chunk of content ?? []) {
      written += chunk.length;
      if (written > expected) break;
      if (chunk.length > 0) yield chunk;
    }
    if (written !== expected) {
      const amount = written > expected ? 'more' : `only ${written}`;
      throw internal(
        `write tar: ${quoteMember(entry.path)} was announced with ${expected} bytes, ${amount} came`,
      );
    }
    const padding = tarPadding(expected);
    if (padding.length > 0) yield padding;
  }
  yield tarTrailer;
}
