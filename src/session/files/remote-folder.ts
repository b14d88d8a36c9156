import type { RemoteFiles, RemoteFolder } from '../../build/index.ts';
import { unsupported } from '../../core/index.ts';
import type { Channel } from '../grpc/channel.ts';
import { encodeChoice } from './choice-headers.ts';
import { FolderExchange } from './folder-exchange.ts';

export const diffCopyPath = '/moby.filesync.v1.FileSync/DiffCopy';

export interface RemoteFolderOptions {
  /** The client's name for it: `context`, `dockerfile`, or that of a named context. */
  readonly name: string;
  readonly key: string | undefined;
  /** Whether the client offers folders at all. */
  readonly isOffered: boolean;
  /** Bound for the listing, against clients that never end it. */
  readonly mostEntries?: number;
}

/** A folder of a session's client, read by fsutil's DiffCopy. */
export function remoteFolder(channel: Channel, options: RemoteFolderOptions): RemoteFolder {
  const { name, key, isOffered, mostEntries = 10_000_000 } = options;
  return {
    key,
    async open(choice, signal) {
      if (!isOffered) {
        throw unsupported(`read folder ${JSON.stringify(name)}: the client offers no folders`);
      }
      if (choice.only?.length === 0) return noFiles;
      const call = channel.open(diffCopyPath, { metadata: encodeChoice(name, choice), signal });
      return new FolderExchange(call, mostEntries);
    },
  };
}

const nothing: AsyncIterable<never> = { async *[Symbol.asyncIterator]() {} };

/** What a choice of nothing gives; asked of the client, it would mean everything. */
const noFiles: RemoteFiles = {
  entries: nothing,
  read: () => nothing,
  async [Symbol.asyncDispose]() {},
};
