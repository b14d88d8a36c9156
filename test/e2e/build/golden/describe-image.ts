import { createHash } from 'node:crypto';
import {
  decompressDetected,
  type HistoryEntry,
  type ImageConfig,
  type ImageSource,
  openImage,
  readTar,
  type TarEntry,
} from '../../../../src/image/index.ts';

/** Layers and history of the images that cases stand on; a description leaves them out. */
export interface KnownImages {
  readonly stacks: (readonly string[])[];
  readonly histories: (readonly HistoryEntry[])[];
}

/** Remembers what an image has, for descriptions of those that stand on it. */
export async function remember(known: KnownImages, source: ImageSource): Promise<void> {
  const { config } = await openImage(source);
  known.stacks.push(config.rootfs.diff_ids);
  known.histories.push(config.history ?? []);
}

/** An image as a text for comparison: its configuration, its history, each layer's files. */
export async function describeImage(source: ImageSource, known: KnownImages): Promise<string> {
  const { config, layers } = await openImage(source);
  const lines = ['config', ...configLines(config), 'history', ...historyLines(config, known)];
  const ids = config.rootfs.diff_ids;
  for (const layer of layers.slice(commonLength(known.stacks, (id, at) => id === ids[at]))) {
    lines.push('layer');
    const members: string[] = [];
    for await (const member of readTar(decompressDetected(layer.open({ offset: 0 })))) {
      members.push(await memberLine(member.entry, member.content()));
    }
    lines.push(...members.filter((line) => line !== '').sort());
  }
  return `${lines.join('\n')}\n`;
}

function configLines({ author, architecture, os, variant, config = {} }: ImageConfig): string[] {
  const said = Object.entries({ author, architecture, os, variant, ...config });
  return said
    .filter(([, value]) => !isEmpty(value))
    .map(([key, value]) => `  ${key}: ${JSON.stringify(value, sortedKeys)}`)
    .sort();
}

/** Docker writes out what is not set. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function historyLines({ history = [] }: ImageConfig, { histories }: KnownImages): string[] {
  const text = (entry: HistoryEntry | undefined) => `${entry?.created} ${entry?.created_by}`;
  const below = commonLength(histories, (entry, at) => text(entry) === text(history[at]));
  return history.slice(below).map(({ created_by, comment, empty_layer }) => {
    const note = comment === 'buildkit.dockerfile.v0' ? '' : ` (${comment ?? ''})`;
    return `  ${empty_layer ? '-' : '+'} ${JSON.stringify(created_by)}${note}`;
  });
}

/** Length of the longest list that is the beginning of what is looked at. */
function commonLength<Item>(
  lists: readonly (readonly Item[])[],
  isSame: (item: Item, at: number) => boolean,
): number {
  return Math.max(0, ...lists.filter((list) => list.every(isSame)).map(({ length }) => length));
}

const typeLetters: Record<TarEntry['type'], string> = {
  file: 'f',
  hardlink: 'h',
  symlink: 'l',
  directory: 'd',
  fifo: 'p',
  'character-device': 'c',
  'block-device': 'b',
};

/** `f 0644 0:0 PATH SIZE DIGEST @TIME`; times are told where they come from the context. */
async function memberLine(entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<string> {
  const path = entry.path.replace(/^\.?\//, '').replace(/\/$/, '');
  if (path === '') return '';
  if (/(^|\/)\.wh\.[^/]+$/.test(path)) return ` ${JSON.stringify(path)} w`;
  const hash = createHash('sha256');
  for await (const bytes of content) hash.update(bytes);
  const mode = entry.type === 'symlink' ? 0o777 : entry.mode;
  const isOld = entry.type !== 'directory' && entry.mtimeS < 1_700_000_000;
  return [
    ` ${JSON.stringify(path)}`,
    typeLetters[entry.type],
    mode.toString(8).padStart(4, '0'),
    `${entry.uid}:${entry.gid}`,
    ...(entry.type === 'file'
      ? [`${entry.sizeBytes}`, entry.sizeBytes > 0 ? hash.digest('hex').slice(0, 12) : '']
      : []),
    ...(entry.linkTarget === '' ? [] : ['->', entry.linkTarget]),
    ...(isOld ? [`@${Math.floor(entry.mtimeS)}`] : []),
    ...[...entry.xattrs].map(([key, value]) => `${key}=${Buffer.from(value).toString('hex')}`),
  ]
    .filter((word) => word !== '')
    .join(' ');
}
