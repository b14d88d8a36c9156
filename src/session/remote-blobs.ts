import type { RemoteBlobs } from '../build/index.ts';
import { internal, invalid, unsupported } from '../core/index.ts';
import { contentInfo, contentRead } from './content-methods.ts';
import type { Channel } from './grpc/channel.ts';

/** Names the store that a call is about (BuildKit, session/content). */
const storeHeader = 'buildkit-attachable-store-id';

export interface RemoteBlobsOptions {
  /** The client's name for the store. */
  readonly store: string;
  /** Whether the client offers any. */
  readonly isOffered: boolean;
}

/** A store of blobs that a session's client lends: an OCI layout of its own. */
export function remoteBlobs(
  channel: Pick<Channel, 'ask' | 'open'>,
  { store, isOffered }: RemoteBlobsOptions,
): RemoteBlobs {
  const metadata = { [storeHeader]: [`oci:${store}`] };
  const check = () => {
    if (!isOffered) throw unsupported('read blobs: the client offers none over its session');
  };
  return {
    async sizeOf(digest, signal) {
      check();
      const { info } = await channel.ask(contentInfo, { digest }, { metadata, signal });
      const sizeBytes = Number(info?.size);
      if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return sizeBytes;
      throw invalid(`read blob ${digest}: the client says it has ${info?.size} bytes`);
    },
    async *open(digest, { offset, signal }) {
      check();
      const call = channel.open(contentRead.path, { metadata, signal });
      try {
        // What breaks the sending ends the messages too, and is thrown there.
        call.send([contentRead.request.encode({ digest, offset })])?.catch(() => {});
        call.end();
        let position = offset;
        for await (const batch of call.messages) {
          for (const one of batch) {
            const { offset: at, data } = contentRead.response.decode(one);
            if (Number(at) !== position) {
              throw internal(`read blob ${digest}: bytes from ${at} came in place of ${position}`);
            }
            position += data.length;
            if (data.length > 0) yield data;
          }
        }
      } finally {
        call.cancel();
      }
    },
  };
}
