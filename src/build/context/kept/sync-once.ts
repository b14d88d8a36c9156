import type { Trees } from '../../ports.ts';
import type { RemoteChoice, RemoteFolder } from '../../remote-folder.ts';
import { type FileIndex, fileIndex } from '../file-index.ts';
import { actionsAnew, compareTrees, completeTree } from './compare-trees.ts';
import type { SyncOptions } from './kept-contexts.ts';
import { readListing } from './read-listing.ts';
import { receiveContents } from './receive-contents.ts';
import { TreeEntries } from './tree-entries.ts';

/** Brings files of a client's folder into the build's own, for this build alone. */
export async function syncOnce(
  folder: RemoteFolder,
  choice: RemoteChoice,
  options: Omit<SyncOptions, 'exclude'> & { readonly trees: Trees },
): Promise<FileIndex> {
  const { trees, limits, signal, onProgress, newFolder } = options;
  await using files = await folder.open(choice, signal);
  const listing = await readListing(files.entries, limits, signal);
  const changes = await compareTrees(undefined, listing);
  const [staging, directory] = [await newFolder('received'), await newFolder('context')];
  const digests = await receiveContents(files, {
    ...{ listing, changes, staging, trees, limits, onProgress, signal },
  });
  await trees.update({
    ...{ directory, staging, removed: [], listed: listing },
    actions: actionsAnew(listing, changes),
  });
  const tree = completeTree(listing, changes, digests);
  return fileIndex({ rootPath: directory, entries: new TreeEntries(tree) }, { plainRoot: true });
}
