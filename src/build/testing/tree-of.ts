import { digestOf, type FileEntry, type FileTree } from '../../core/index.ts';

/** A tree in memory: `dir`, `->target` or a file's content by path. */
export function treeOf(paths: Readonly<Record<string, string>>, rootPath = '/context'): FileTree {
  const entries = new Map<string, FileEntry>();
  for (const [path, what] of Object.entries(paths)) {
    const type = what === 'dir' ? 'directory' : what.startsWith('->') ? 'symlink' : 'file';
    entries.set(path, {
      type,
      mode: type === 'file' ? 0o644 : 0o755,
      uid: 7,
      gid: 7,
      sizeBytes: type === 'file' ? what.length : 0,
      mtimeMs: 0,
      linkTarget: type === 'symlink' ? what.slice(2) : '',
      digest: type === 'file' ? digestOf(what) : undefined,
    });
  }
  return { rootPath, entries };
}
