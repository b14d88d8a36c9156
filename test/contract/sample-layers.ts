import {
  appendLayer,
  type Compression,
  emptyImage,
  type Image,
  layerOf,
  type TarEntryType,
  tarHeader,
  tarPadding,
  tarTrailer,
} from '../../src/image/index.ts';

/**
 * A member of a layer made for tests: a file of that many bytes, a file of that text, or whatever
 * is told of it.
 */
export type SampleMember =
  | number
  | string
  | {
      type?: TarEntryType;
      text?: string | Uint8Array;
      sizeBytes?: number;
      mode?: number;
      uid?: number;
      linkTarget?: string;
    };

/** A layer's archive; paths that end in a slash are directories. */
export function sampleArchive(members: Record<string, SampleMember>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [path, member] of Object.entries(members)) {
    const told = typeof member === 'object' ? member : {};
    const text: string | Uint8Array | undefined = typeof member === 'string' ? member : told.text;
    const sizeBytes = typeof member === 'number' ? member : (told.sizeBytes ?? 0);
    const content =
      text === undefined ? Buffer.alloc(sizeBytes, path) : Buffer.from(text as string);
    const type = told.type ?? (path.endsWith('/') ? 'directory' : 'file');
    const header = tarHeader({
      path,
      type,
      sizeBytes: content.length,
      mode: told.mode ?? (type === 'directory' ? 0o755 : 0o644),
      uid: told.uid ?? 0,
      linkTarget: told.linkTarget ?? '',
    });
    parts.push(header, content, tarPadding(content.length));
  }
  return Buffer.concat([...parts, tarTrailer]);
}

/** An image of these layers, each made by the line of history beside it. */
export async function layeredImage(
  layers: readonly { line?: string; members: Record<string, SampleMember> }[],
  compression: Compression = 'none',
): Promise<Image> {
  let image = emptyImage({ os: 'linux', architecture: 'amd64' });
  for (const [index, { line, members }] of layers.entries()) {
    const layer = await layerOf(sampleArchive(members), compression);
    image = appendLayer(image, layer, { created_by: line ?? `layer ${index}` });
  }
  return image;
}
