/**
 * The work that worker threads know, by name; each is loaded when first asked for. What goes in and
 * comes out is copied between threads: plain values, typed arrays, message ports.
 */
export const jobs = {
  'unpack-layer': async () => (await import('../layers/unpack-layer.ts')).unpackLayer,
  'hash-diff': async () => (await import('../layers/hash-diff.ts')).hashDiff,
  'archive-diff': async () => (await import('../layers/archive-diff.ts')).archiveDiff,
  'compress-blob': async () => (await import('../layers/compress-blob.ts')).compressBlob,
  'list-changes': async () => (await import('../layers/list-changes.ts')).listChanges,
  'measure-tree': async () => (await import('../files/measure-tree.ts')).measureTree,
  'flatten-layers': async () => (await import('../layers/flatten-layers.ts')).flattenLayers,
  'unpack-tree': async () => (await import('../trees/unpack-tree.ts')).unpackTree,
  'scan-tree': async () => (await import('../trees/scan-tree.ts')).scanTree,
  'receive-files': async () => (await import('../trees/receive-files.ts')).receiveFiles,
  'update-tree': async () => (await import('../trees/update-tree.ts')).updateTree,
  'copy-tree': async () => (await import('../trees/copy-tree.ts')).copyTree,
  'remove-tree': async () => (await import('../files/remove-folder.ts')).removeFolder,
  'empty-folder': async () => (await import('../files/empty-folder.ts')).emptyFolder,
};

export type JobName = keyof typeof jobs;
type Work<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>;
export type JobInput<Name extends JobName> = Parameters<Work<Name>>[0];
export type JobOutput<Name extends JobName> = Awaited<ReturnType<Work<Name>>>;
