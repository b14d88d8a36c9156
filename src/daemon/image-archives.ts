import { changeConfig } from '../build/index.ts';
import {
  type ByteStream,
  type Digest,
  hostPlatform,
  type Platform,
  type Reference,
} from '../core/index.ts';
import { type ContainerConfig, type Containers, runtimePlaces } from '../engine/index.ts';
import {
  type ContainerDefaults,
  copyImage,
  decompressDetected,
  type ImageConfig,
  parseManifest,
  readImages,
  spoolTarFiles,
  type TransferEvent,
  writeArchive,
} from '../image/index.ts';
import type { ImageStore, LocalImage, Snapshots } from '../store/index.ts';

export interface ImageArchivesOptions {
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly containers: Pick<Containers, 'get' | 'pause' | 'unpause'>;
  /** A folder of its own, on the disk of the store. */
  readonly spoolPath: string;
}

interface ImportOptions {
  readonly reference?: Reference;
  readonly message: string;
  readonly changes: readonly string[];
  readonly platform?: Platform;
  readonly signal: AbortSignal;
}

interface CommitOptions {
  readonly container: string;
  readonly reference?: Reference;
  readonly author: string;
  readonly comment: string;
  readonly changes: readonly string[];
  readonly pause: boolean;
  readonly config?: ContainerConfig;
}

/** Images out of archives, files and containers: `docker load`, `save`, `import` and `commit`. */
export function createImageArchives({
  images,
  snapshots,
  containers,
  spoolPath,
}: ImageArchivesOptions) {
  async function add(
    config: ImageConfig,
    { reference, parent }: { reference?: Reference; parent?: Digest },
  ): Promise<Digest> {
    const bytes = Buffer.from(JSON.stringify(config));
    return (await images.add(bytes, { tags: reference ? [reference] : [], parent })).id;
  }

  return {
    /** Throws `invalid` for what is neither an OCI layout nor a docker-archive. */
    async load(
      archive: ByteStream,
      {
        platform,
        onEvent,
        signal,
      }: { platform?: Platform; onEvent: (event: TransferEvent) => void; signal: AbortSignal },
    ): Promise<{ id: Digest; references: readonly Reference[] }[]> {
      await using files = await spoolTarFiles(archive, { spoolDirectory: spoolPath, signal });
      const loaded = [];
      for (const { source, references } of await readImages(files)) {
        const sink = images.sink({ tags: references });
        const { copied } = await copyImage({ source, sink, platform, onEvent, signal });
        const { config } = parseManifest(copied.bytes, copied.descriptor.mediaType);
        loaded.push({ id: config.digest, references });
      }
      return loaded;
    },

    /** A docker-archive that is an OCI layout too. */
    save(
      wanted: readonly { image: LocalImage; references: readonly Reference[] }[],
      { signal }: { signal: AbortSignal },
    ): ByteStream {
      const sources = wanted.map(({ image, references }) => ({
        source: images.source(image.id),
        references,
      }));
      return writeArchive(sources, { signal });
    },

    /** An image of one layer; `changes` are Dockerfile instructions. */
    async importFiles(archive: ByteStream, options: ImportOptions): Promise<Digest> {
      const { reference, message, changes, platform = hostPlatform(), signal } = options;
      const unpacked = await snapshots.unpack(decompressDetected(archive), {
        compression: 'none',
        signal,
      });
      await snapshots.stack(unpacked, null);
      const created = new Date().toISOString();
      const base: ImageConfig = {
        ...platform,
        created,
        config: {},
        rootfs: { type: 'layers', diff_ids: [unpacked.diffId] },
        history: [{ created, comment: message }],
      };
      return add(
        { ...base, config: withoutPath(changeConfig(base, changes), changes) },
        { reference },
      );
    },

    /** An image of a container's filesystem, with its configuration. */
    async commit(options: CommitOptions): Promise<Digest> {
      const { container: ref, reference, author, comment, changes, pause } = options;
      const container = containers.get(ref);
      const base = await images.resolve(container.imageId);
      const mustPause = pause && container.state.kind === 'running';
      if (mustPause) await containers.pause(container.id);
      try {
        const layer = await snapshots.commit(container.id, {
          keep: true,
          leaveOut: runtimePlaces,
        });
        const created = new Date().toISOString();
        const config: ImageConfig = {
          ...base.config,
          created,
          ...(author && { author }),
          config: defaultsOf({ ...container.config, ...options.config }),
          rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, layer.diffId] },
          history: [
            ...(base.config.history ?? []),
            {
              created,
              ...(author && { author }),
              created_by: container.argv.join(' '),
              ...(comment && { comment }),
            },
          ],
        };
        const changed =
          changes.length > 0 ? { ...config, config: changeConfig(config, changes) } : config;
        return await add(changed, { reference, parent: base.id });
      } finally {
        if (mustPause) await containers.unpause(container.id);
      }
    },
  };
}

/** An imported image has no PATH but what its changes set. */
function withoutPath(config: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  if (changes.some((change) => /^\s*env\s+path\b/i.test(change))) return config;
  const { Env = [], ...rest } = config;
  const kept = Env.filter((pair) => !pair.startsWith('PATH='));
  return kept.length > 0 ? { ...rest, Env: kept } : rest;
}

/** What a container's configuration leaves to an image made of it. */
function defaultsOf(config: Partial<ContainerConfig>): ContainerDefaults {
  const {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    Healthcheck,
    OnBuild,
    Shell,
  } = config;
  const all = {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    Healthcheck,
    OnBuild,
    Shell,
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      ([, value]) => value !== undefined && value !== null && value !== '',
    ),
  );
}
