import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ByteStream,
  type Digest,
  digestOf,
  formatReference,
  notFound,
  type Reference,
  streamOf,
} from '../../core/index.ts';
import { type ImageConfig, type NewTarMember, writeTar } from '../../image/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import type { BuilderOptions, BuilderPorts } from '../builder-ports.ts';
import { createMemoryRecords } from '../cache/memory-records.ts';
import { createBuilder } from '../create-builder.ts';
import type { BaseImage, Chain } from '../ports.ts';
import { createFakeFilesystems, type FakeFilesystems } from './fake-filesystems.ts';
import { createFakeRunner, type FakeCommand } from './fake-runner.ts';
import { createFakeRootFiles, createFakeTrees } from './fake-trees.ts';

/** Files by path; one that ends in a slash is an empty directory, `->x` a link to x. */
export type Files = Readonly<Record<string, string>>;

/** A builder on fakes, images to build from, and what was built, for one test. */
export interface BuildKit extends AsyncDisposable {
  readonly root: string;
  readonly ports: BuilderPorts & { filesystems: FakeFilesystems };
  readonly runner: ReturnType<typeof createFakeRunner>;
  readonly builder: Awaited<ReturnType<typeof createBuilder>>;
  /** Images written, newest last. */
  readonly written: { id: Digest; config: ImageConfig; tags: string[] }[];
  /** Images taken away again. */
  readonly forgotten: Digest[];
  readonly pushed: string[];
  addImage(name: string, files: Files, config?: Partial<ImageConfig>): Promise<BaseImage>;
  build(dockerfile: string, more?: BuildMore): Promise<Built>;
  /** Addresses that can be fetched. */
  readonly web: Map<string, { content: string; etag?: string }>;
  readonly repositories: Map<string, { commit: string; files: Files }>;
}

export interface BuildMore extends Partial<BuildRequest> {
  /** Files of the context. */
  readonly files?: Files;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: BuildEvent) => void;
}

export interface Built {
  readonly imageId: Digest;
  readonly events: readonly BuildEvent[];
  readonly config: ImageConfig;
  readonly chain: Chain;
  /** Content of a file of the result, or undefined. */
  file(path: string): string | undefined;
  /** `started`, `cached`, `done` … of each step that is shown, by its title. */
  readonly outcomes: Readonly<Record<string, string>>;
  readonly output: string;
  readonly result: Awaited<ReturnType<BuildKit['builder']['build']>>;
}

export async function createBuildKit(
  given: {
    commands?: Record<string, FakeCommand>;
    ports?: Partial<BuilderPorts>;
    options?: Partial<BuilderOptions>;
  } = {},
): Promise<BuildKit> {
  const root = mkdtempSync(join(tmpdir(), 'build-kit-'));
  const filesystems = createFakeFilesystems(join(root, 'snapshots'));
  const runner = createFakeRunner(given.commands);
  const images = new Map<string, BaseImage>();
  const written: BuildKit['written'] = [];
  const pushed: string[] = [];
  const forgotten: Digest[] = [];
  const web: BuildKit['web'] = new Map();
  const repositories: BuildKit['repositories'] = new Map();
  const native = { os: 'linux', architecture: 'amd64' };
  const ports: BuilderPorts & { filesystems: FakeFilesystems } = {
    trees: createFakeTrees(),
    rootFiles: createFakeRootFiles(),
    runner,
    records: createMemoryRecords(),
    baseImages: {
      async resolve(reference) {
        const image = images.get(formatReference(reference));
        if (!image) throw notFound(`${formatReference(reference)}: not found`);
        return image;
      },
    },
    images: {
      async write(config, { tags }) {
        written.push({
          id: digestOf(config),
          config: JSON.parse(Buffer.from(config).toString()),
          tags: tags.map((tag: Reference) => formatReference(tag)),
        });
        return digestOf(config);
      },
      has: async (id) => written.some(({ id: other }) => other === id),
      async forget(id) {
        forgotten.push(id);
      },
    },
    fetcher: fakeFetcher(web, repositories),
    layers: filesystems.layerPort,
    exports: {
      async push(_id, reference) {
        pushed.push(formatReference(reference));
        return { manifestDigest: digestOf(formatReference(reference)) };
      },
      archive: (id, { format }) => streamOf(`${format} archive of ${id}`),
      filesystem: (chain) => streamOf(`files of ${chain}`),
    },
    cacheStores: {
      source: () => Promise.reject(new Error('not in this test')),
      sink: () => Promise.reject(new Error('not in this test')),
    },
    emulators: { native, supports: async ({ architecture }) => architecture === 'amd64' },
    ...given.ports,
    filesystems,
  };
  const builder = await createBuilder(ports, {
    root: join(root, 'builder'),
    secretRoot: join(root, 'secrets'),
    ...given.options,
  });

  async function addImage(name: string, files: Files, config: Partial<ImageConfig> = {}) {
    await using filesystem = await filesystems.prepare(null);
    writeFiles(await filesystem.mount(), files);
    const { chain, diffId } = await filesystem.commit({});
    const image: BaseImage = {
      id: digestOf(`config of ${name} ${chain}`),
      digest: digestOf(`manifest of ${name}`),
      chain,
      config: {
        ...native,
        created: '2020-01-01T00:00:00Z',
        rootfs: { type: 'layers', diff_ids: [diffId] },
        history: [{ created: '2020-01-01T00:00:00Z', created_by: `base ${name}` }],
        ...config,
      },
    };
    images.set(`docker.io/library/${name}`, image);
    return image;
  }

  async function build(dockerfile: string, more: BuildMore = {}): Promise<Built> {
    const { files = {}, signal, onEvent, ...request } = more;
    const events: BuildEvent[] = [];
    const result = await builder.build(
      {
        context: { kind: 'tar', stream: contextTar({ ...files, Dockerfile: dockerfile }) },
        dockerfile: { path: 'Dockerfile' },
        tags: [],
        buildArgs: {},
        labels: {},
        noCache: false,
        pull: false,
        ...request,
      },
      {
        onEvent(event) {
          events.push(event);
          onEvent?.(event);
        },
        signal,
      },
    );
    const config = written.at(-1)!.config;
    const chain = chainOf(filesystems, config);
    return {
      imageId: result.imageId,
      events,
      config,
      chain,
      result,
      file(path) {
        try {
          return readFileSync(join(filesystems.folderOf(chain), path), 'utf8');
        } catch {
          return undefined;
        }
      },
      outcomes: outcomesOf(events),
      output: outputOf(events),
    };
  }

  return {
    root,
    ports,
    runner,
    builder,
    written,
    pushed,
    forgotten,
    web,
    repositories,
    addImage,
    build,
    async [Symbol.asyncDispose]() {
      await builder[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function fakeFetcher(
  web: BuildKit['web'],
  repositories: BuildKit['repositories'],
): BuilderPorts['fetcher'] {
  const repositoryAt = (address: string) => {
    const found = repositories.get(address);
    if (!found) throw notFound(`failed to fetch remote ${address}`);
    return found;
  };
  return {
    async http(url, { etag }) {
      const page = web.get(url);
      if (!page) throw notFound(`failed to load ${url}: invalid response status 404`);
      if (etag !== undefined && page.etag === etag) return { kind: 'unchanged' };
      return { kind: 'content', content: streamOf(page.content), fileName: '', etag: page.etag };
    },
    commitOf: async (address) => repositoryAt(address).commit,
    async git(address, { directory }) {
      const { files, commit } = repositoryAt(address);
      writeFiles(directory, files);
      return { commit };
    },
  };
}

function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const real = join(root, path);
    mkdirSync(path.endsWith('/') ? real : dirname(real), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(real, content);
  }
}

/** A context as a client sends it. */
export function contextTar(files: Files): ByteStream {
  const members = Object.entries(files).map(([path, text]): NewTarMember => {
    if (path.endsWith('/')) return { entry: { path, type: 'directory', mode: 0o755 } };
    if (text.startsWith('->')) {
      return { entry: { path, type: 'symlink', linkTarget: text.slice(2), mode: 0o777 } };
    }
    const content = Buffer.from(text);
    return {
      entry: { path, type: 'file', mode: 0o644, sizeBytes: content.length },
      content: [content],
    };
  });
  return writeTar(members);
}

function chainOf(filesystems: FakeFilesystems, { rootfs }: ImageConfig): Chain {
  let chain: Chain = null;
  for (const diffId of rootfs.diff_ids) {
    chain = chain === null ? diffId : digestOf(`${chain} ${diffId}`);
  }
  return chain !== null && filesystems.layersByChain.has(chain) ? chain : null;
}

function outcomesOf(events: readonly BuildEvent[]): Record<string, string> {
  const plan = events.find((event) => event.kind === 'plan');
  const outcomes: Record<string, string> = {};
  for (const event of events) {
    if (!('step' in event) || !/^step-(cached|done|failed|canceled)$/.test(event.kind)) continue;
    const step = plan?.steps[event.step - 1];
    if (step?.title) outcomes[step.title.replace(/^\[[^\]]*\] /, '')] = event.kind.slice(5);
  }
  return outcomes;
}

function outputOf(events: readonly BuildEvent[]): string {
  return events
    .map((event) => (event.kind === 'step-output' ? Buffer.from(event.bytes).toString() : ''))
    .join('');
}
