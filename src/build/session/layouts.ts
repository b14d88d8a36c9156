import {
  type Digest,
  familiarReference,
  invalid,
  notFound,
  type Platform,
} from '../../core/index.ts';
import {
  type ArchivedImage,
  chainIds,
  directoryFiles,
  type Image,
  type ImageSource,
  openImage,
  readImages,
} from '../../image/index.ts';
import type { BuildRequest, ContentContext, LayoutContext } from '../builder.ts';
import type { BuilderPorts } from '../builder-ports.ts';
import type { KeptContexts } from '../context/kept/kept-contexts.ts';
import type { BaseImage, Chain, UnpackLimits } from '../ports.ts';
import { contentSource } from './content-source.ts';

/** Images out of OCI layouts that a client sends or lends, for FROM and --from. */
export interface Layouts {
  /** The image that stands in the plan under this name; undefined for one of elsewhere. */
  open(name: string, platform: Platform): Promise<BaseImage> | undefined;
}

export interface LayoutsOptions {
  readonly request: BuildRequest;
  readonly ports: Pick<BuilderPorts, 'layers' | 'filesystems'>;
  readonly kept: KeptContexts;
  readonly limits: UnpackLimits;
  readonly newFolder: (purpose: string) => Promise<string>;
  /** Keeps a stack until the build's result was taken. */
  readonly holdChain: (chain: Digest) => void;
  /** Keeps something until the build's files go. */
  readonly hold: (resource: Disposable) => void;
  readonly signal: AbortSignal;
}

/** The name of a layout's image in the plan: one that no registry can have. */
export function layoutImageName(context: string, layout: LayoutContext | ContentContext): string {
  const wanted = layout.kind === 'content' ? `@${layout.digest}` : layout.wanted;
  const path = context.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `oci-layout.invalid/${path.replace(/^-|-$/g, '') || 'image'}${wanted || ':latest'}`;
}

export function openLayouts(options: LayoutsOptions): Layouts {
  const { request, signal } = options;
  const layouts = Object.entries(request.contexts ?? {}).flatMap(([name, context]) =>
    context.kind === 'layout' || context.kind === 'content'
      ? [{ name: layoutImageName(name, context), context }]
      : [],
  );
  const read = new Map<LayoutContext, Promise<readonly ArchivedImage[]>>();

  async function imagesOf(context: LayoutContext): Promise<readonly ArchivedImage[]> {
    const synced = await options.kept.sync(context.folder, {
      ...options,
      exclude: [],
      onProgress: () => {},
    });
    options.hold(synced);
    const { rootPath, entries } = synced.index.tree;
    for (const [path, { type }] of entries) {
      // A link would lead to files of this machine.
      if (type === 'symlink') throw invalid(`read OCI layout: ${JSON.stringify(path)} is a link`);
    }
    return readImages(directoryFiles(rootPath));
  }

  async function sourceOf(
    context: LayoutContext | ContentContext,
  ): Promise<{ source: ImageSource; digest: Digest }> {
    if (context.kind === 'content') {
      const { blobs, digest } = context;
      return { source: contentSource(blobs, digest), digest };
    }
    if (!read.has(context)) read.set(context, imagesOf(context));
    const { source, root } = choose(await read.get(context)!, context.wanted);
    return { source, digest: root.digest };
  }

  async function open(
    context: LayoutContext | ContentContext,
    platform: Platform,
  ): Promise<BaseImage> {
    const { source, digest } = await sourceOf(context);
    const image = await openImage(source, { platform, signal });
    const chain = await unpack(image, options);
    return { id: image.manifest.config.digest, digest, config: image.config, chain };
  }

  return {
    open(name, platform) {
      const found = layouts.find((layout) => layout.name === name);
      return found && open(found.context, platform);
    },
  };
}

/** By `@digest` or `:tag`; without either the only one, or the one named latest. */
function choose(images: readonly ArchivedImage[], wanted: string): ArchivedImage {
  const [only, ...others] = images;
  if (wanted === '' && only && others.length === 0) return only;
  const name = wanted.replace(/^[:@]/, '') || 'latest';
  const found = images.find(({ root, refNames, references }) =>
    wanted.startsWith('@')
      ? root.digest === name
      : refNames.includes(name) || references.some(({ tag }) => tag === name),
  );
  if (found) return found;
  const known = images
    .flatMap(({ root, refNames, references }) => [
      ...references.map(familiarReference),
      ...refNames,
      root.digest,
    ])
    .join(', ');
  throw notFound(`find image ${wanted || ':latest'} in the OCI layout: it has ${known || 'none'}`);
}

/** Brings the layers to the store, as far as they are not there. */
async function unpack(image: Image, options: LayoutsOptions): Promise<Chain> {
  const { ports, holdChain, signal } = options;
  const chains = chainIds(image.config.rootfs.diff_ids);
  let chain: Chain = null;
  for (const [index, layer] of image.layers.entries()) {
    const wanted = chains[index]!;
    holdChain(wanted);
    if (!(await ports.filesystems.has(wanted))) {
      const content = layer.open({ offset: 0, signal });
      const unpacked = await ports.layers.unpack(chain, {
        ...{ descriptor: layer.descriptor, content, signal },
      });
      if (unpacked.diffId !== layer.diffId) {
        throw invalid(`read layer ${layer.descriptor.digest}: it is ${unpacked.diffId}`);
      }
    }
    chain = wanted;
  }
  return chain;
}
