import {
  collect,
  type Digest,
  errorKind,
  familiarName,
  formatReference,
  type Platform,
  type Reference,
  unsupported,
} from '../core/index.ts';
import {
  copyImage,
  type Descriptor,
  type ImageSource,
  isIndexType,
  parseImageConfig,
  parseIndex,
  parseManifest,
  type TransferEvent,
} from '../image/index.ts';
import {
  type Credentials,
  type LocalRegistry,
  listRepositories,
  listTags,
  type RegistryClient,
  registrySink,
  registrySource,
} from '../registry/index.ts';
import type { ImageStore, LocalImage } from '../store/index.ts';

/** Images between registries and the local store; errors are in Docker's words. */
export interface Transfers {
  /** Throws `not-found`, `unauthorized`, `unavailable`. */
  pull(
    reference: Reference,
    options: TransferOptions & { platform?: Platform },
  ): Promise<{ image: LocalImage; digest: Digest; changed: boolean }>;
  push(
    image: LocalImage,
    reference: Reference,
    options: TransferOptions,
  ): Promise<{ digest: Digest; sizeBytes: number }>;
  tags(repository: Reference, options: TransferOptions): Promise<string[]>;
  /** What a registry has under a name, unfetched. */
  describe(
    reference: Reference,
    options: TransferOptions,
  ): Promise<{ descriptor: Descriptor; platforms: readonly Platform[] }>;
  /** Repositories of a registry whose name holds the term: `host:port/term`. */
  search(term: string, options: TransferOptions & { limit: number }): Promise<FoundRepository[]>;
}

export interface TransferOptions {
  readonly auth?: Credentials;
  readonly onEvent?: (event: TransferEvent) => void;
  readonly signal?: AbortSignal;
}

export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
}

const mostConfigBytes = 4 * 2 ** 20;

export function createTransfers(options: {
  client: RegistryClient;
  images: ImageStore;
  /** This daemon's own registry, and the domains it goes by: no bytes travel to it or from it. */
  own?: { registry: LocalRegistry; domains: ReadonlySet<string> };
}): Transfers {
  const { client, images, own } = options;
  const ownFor = ({ domain }: Reference) => (own?.domains.has(domain) ? own.registry : undefined);
  const sourceOf = (reference: Reference, credentials?: Credentials) =>
    ownFor(reference)?.source(reference, credentials) ??
    registrySource(client, reference, { credentials });
  return {
    async pull(reference, { auth, platform, onEvent, signal }) {
      const before = await idOf(images, reference);
      const tags = reference.tag === undefined || reference.digest !== undefined ? [] : [reference];
      const { root, copied } = await copyImage({
        source: sourceOf(reference, auth),
        sink: images.sink({ name: reference, tags }),
        platform,
        onEvent,
        signal,
      });
      const { digest } = root.descriptor;
      const { config } = parseManifest(copied.bytes, copied.descriptor.mediaType);
      // The name people know is that of the index, where there is one.
      await images.addDigest(config.digest, { ...reference, tag: undefined, digest });
      const image = await images.resolve(config.digest);
      return { image, digest, changed: image.id !== before };
    },

    async push(image, reference, { auth, onEvent, signal }) {
      const elsewhere = image.repoDigests.filter(
        ({ domain, path }) => domain === reference.domain && path !== reference.path,
      );
      const { copied } = await copyImage({
        source: images.source(image.id),
        sink:
          ownFor(reference)?.sink(reference, auth) ??
          registrySink(client, reference, {
            credentials: auth,
            mountFrom: () => elsewhere.map(({ path }) => path),
          }),
        tags: reference.tag === undefined ? [] : [reference.tag],
        onEvent,
        signal,
      });
      const { digest, size } = copied.descriptor;
      await images.addDigest(image.id, { ...reference, tag: undefined, digest }, copied);
      return { digest, sizeBytes: size };
    },

    tags: (repository, { auth, signal }) =>
      Array.fromAsync(listTags(client, repository, { credentials: auth, signal })),

    async describe(reference, { auth, signal }) {
      const source = sourceOf(reference, auth);
      const { descriptor, bytes } = await source.root(signal);
      if (isIndexType(descriptor.mediaType)) {
        const { manifests } = parseIndex(bytes, descriptor.mediaType);
        return { descriptor, platforms: manifests.flatMap(({ platform }) => platform ?? []) };
      }
      const { config } = parseManifest(bytes, descriptor.mediaType);
      return { descriptor, platforms: [await platformOf(source, config)] };
    },

    async search(term, { auth, signal, limit }) {
      const slash = term.indexOf('/');
      const domain = term.slice(0, Math.max(slash, 0));
      if (!/[.:]|^localhost$/.test(domain)) {
        throw unsupported(
          `search "${term}": only registries that list their repositories can be searched: host:port/term`,
        );
      }
      const found: FoundRepository[] = [];
      for await (const path of listRepositories(client, domain, { credentials: auth, signal })) {
        if (!path.includes(term.slice(slash + 1))) continue;
        found.push({
          name: familiarName({ domain, path }),
          description: '',
          stars: 0,
          official: false,
        });
        if (found.length >= limit) break;
      }
      return found;
    },
  };
}

async function idOf(images: ImageStore, reference: Reference): Promise<Digest | undefined> {
  try {
    return (await images.resolve(formatReference(reference))).id;
  } catch (error) {
    if (errorKind(error) === 'not-found') return undefined;
    throw error;
  }
}

async function platformOf(source: ImageSource, config: Descriptor): Promise<Platform> {
  const { os, architecture, variant } = parseImageConfig(
    await collect(source.blob(config, { offset: 0 }), mostConfigBytes),
  );
  return { os, architecture, ...(variant && { variant }) };
}
