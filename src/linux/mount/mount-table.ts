import { readFile } from 'node:fs/promises';

/** One line of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)), its escapes undone. */
export interface MountEntry {
  readonly id: number;
  readonly parentId: number;
  /** major:minor of the filesystem. */
  readonly device: string;
  /** Path inside that filesystem which is mounted. */
  readonly root: string;
  readonly path: string;
  readonly options: readonly string[];
  /** Tags such as `shared:1`, `master:2`; none for a private mount. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Lines that are no mount entries are passed over. */
export function parseMountTable(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [id, parentId, device, root, path, options] = fields;
    if (dash < 0 || options === undefined) continue;
    entries.push({
      id: Number(id),
      parentId: Number(parentId),
      device: device!,
      root: unescapeOctal(root!),
      path: unescapeOctal(path!),
      options: options.split(','),
      propagation: fields.slice(6, dash),
      type: fields[dash + 1] ?? '',
      source: unescapeOctal(fields[dash + 2] ?? ''),
      superOptions: unescapeOctal(fields[dash + 3] ?? '').split(','),
    });
  }
  return entries;
}

/** The kernel writes space, tab, newline and backslash as three octal digits of a byte. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Mounts as this process sees them, in mounting order. */
async function readMountTable(): Promise<MountEntry[]> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Mounts at or below `directory`, last mounted first: the order in which to take them away. */
export async function mountsBelow(directory: string): Promise<MountEntry[]> {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  const table = await readMountTable();
  return table.filter(({ path }) => path === directory || path.startsWith(prefix)).reverse();
}
