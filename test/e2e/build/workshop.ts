import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BerthBuilder,
  type BuildEvent,
  type BuilderOptions,
  type BuildRequest,
  createBuilder,
  createSqliteRecords,
} from '../../../src/build/index.ts';
import { formatReference, parseReference } from '../../../src/core/index.ts';
import { createBaseImages, createImageWriter } from '../../../src/daemon/build/base-images.ts';
import { createDecompressors } from '../../../src/daemon/build/decompressors.ts';
import { createEmulators } from '../../../src/daemon/build/emulators.ts';
import { createCacheStores } from '../../../src/daemon/build/exports.ts';
import { createFetcher } from '../../../src/daemon/build/fetcher.ts';
import { createFilesystems } from '../../../src/daemon/build/filesystems.ts';
import { createLayers } from '../../../src/daemon/build/layers.ts';
import { createStepRunner, readHostFacts } from '../../../src/engine/index.ts';
import {
  directoryFiles,
  type NewTarMember,
  readImages,
  writeArchive,
  writeTar,
} from '../../../src/image/index.ts';
import { createRootFiles, openDatabase, openStore } from '../../../src/store/index.ts';

/** Files by path: a string is a file's text, `->x` a link, `=>x` a hard link, one that ends in a slash a directory. */
export type Files = Readonly<Record<string, string | Uint8Array | FileSpec>>;

export interface FileSpec {
  readonly content: string | Uint8Array;
  readonly mode?: number;
  readonly mtimeS?: number;
  readonly uid?: number;
}

export interface BuildOutcome {
  readonly imageId: string;
  readonly events: readonly BuildEvent[];
  readonly output: string;
  /** Outcome of each step that a view would show, by its text. */
  readonly outcomes: Readonly<Record<string, string>>;
}

/** A builder over the real store and runtime, in folders of its own. */
export async function openWorkshop(
  options: { rootPath?: string } & Pick<BuilderOptions, 'cacheLimitBytes' | 'contextLimits'> = {},
) {
  const rootPath = options.rootPath ?? mkdtempSync(join(tmpdir(), 'berth-workshop-'));
  const database = openDatabase(join(rootPath, 'berth.db'));
  let builder: BerthBuilder | undefined;
  const store = await openStore({
    rootPath,
    database,
    isNeeded: (chain) => builder?.holds(chain) ?? false,
    roots: () => ({ blobs: [], chains: [...(builder?.heldChains() ?? [])] }),
  });
  await store.snapshots.recover({ existing: new Set(), running: new Set() });
  const runner = createStepRunner({
    runPath: join(rootPath, 'run'),
    host: readHostFacts(),
    networks: {
      setUp: async () => ({ namespacePath: '', endpoints: {}, ports: [], nameservers: [] }),
      tearDown: async () => {},
    },
  });
  await runner.cleanUp();
  const { snapshots, images, content, trees } = store;
  const missing = () => Promise.reject(new Error('no registry in this test'));
  builder = await createBuilder(
    {
      filesystems: createFilesystems({ snapshots, images }),
      trees,
      rootFiles: createRootFiles(),
      runner,
      baseImages: createBaseImages({ images, transfers: { pull: missing } as never }),
      images: createImageWriter(images),
      records: createSqliteRecords(database),
      fetcher: createFetcher({ knownHostsPath: join(rootPath, 'known_hosts') }),
      layers: createLayers({
        snapshots,
        images,
        open: (digest, offset) => content.open(digest, { start: offset }),
      }),
      exports: {
        push: missing,
        archive: (imageId, { tags }) =>
          writeArchive([{ source: images.source(imageId), references: tags }]),
        filesystem: () => {
          throw new Error('not in this test');
        },
      },
      cacheStores: createCacheStores(undefined as never),
      emulators: createEmulators(),
      decompressors: createDecompressors(),
    },
    { root: join(rootPath, 'build'), secretRoot: join(rootPath, 'secrets'), ...options },
  );
  const current = builder;

  async function build(
    dockerfile: string,
    more: Partial<BuildRequest> & {
      files?: Files;
      tag?: string;
      signal?: AbortSignal;
      onEvent?: (event: BuildEvent) => void;
    } = {},
  ): Promise<BuildOutcome> {
    const { files = {}, tag, signal, onEvent, ...request } = more;
    const events: BuildEvent[] = [];
    await using result = await current.build(
      {
        context: { kind: 'tar', stream: tarOf({ ...files, Dockerfile: dockerfile }) },
        dockerfile: { path: 'Dockerfile' },
        tags: tag === undefined ? [] : [parseReference(tag)],
        buildArgs: {},
        labels: {},
        noCache: false,
        pull: false,
        networkMode: 'none',
        ...request,
      },
      {
        signal,
        onEvent(event) {
          events.push(event);
          onEvent?.(event);
        },
      },
    );
    return {
      imageId: result.imageId,
      events,
      output: outputOf(events),
      outcomes: outcomesOf(events),
    };
  }

  return {
    rootPath,
    store,
    builder: current,
    build,
    /** The image's filesystem, mounted read-only. */
    async open(imageId: string) {
      return snapshots.view((await images.resolve(imageId)).chain);
    },
    async config(imageId: string) {
      return (await images.resolve(imageId)).config;
    },
    /** The base image `busybox` of most tests. */
    async addBusybox(): Promise<void> {
      await build(busyboxDockerfile, {
        files: busyboxFiles(),
        tag: 'busybox',
        buildArgs: { SOURCE_DATE_EPOCH: '1700000000' },
      });
    },
    async close(): Promise<void> {
      await current[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
    async destroy(): Promise<void> {
      await this.close();
      rmSync(rootPath, { recursive: true });
    },
    formatReference,
    readLayout: (path: string) => readImages(directoryFiles(path)),
  };
}

export type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

const applets =
  'sh cat chgrp chown cp cut date echo env false grep id ln ls mkdir mkfifo mount mv printenv printf ps pwd readlink rm sleep sort stat test touch tr true umask uname wc xargs dd seq tail head sync sed find chmod kill yes';

export const busyboxDockerfile = 'FROM scratch\nCOPY root /\nENV PATH=/bin\nCMD ["sh"]\n';

export function busyboxFiles(): Files {
  const busybox = readFileSync('/bin/busybox');
  return {
    'root/bin/busybox': { content: busybox, mode: 0o755 },
    ...Object.fromEntries(applets.split(' ').map((name) => [`root/bin/${name}`, '->busybox'])),
    'root/tmp/': '',
    'root/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:100::/home/app:/bin/sh\n',
    'root/etc/group': 'root:x:0:\nusers:x:100:\nstaff:x:50:app\n',
    'root/root/': '',
  };
}

/** A context as a client sends it. */
export function tarOf(files: Files) {
  const members = Object.entries(files).map(([path, spec]): NewTarMember => {
    const isFolder = path.endsWith('/');
    const {
      content,
      mode = isFolder ? 0o755 : 0o644,
      mtimeS = 1_600_000_000,
      uid = 0,
    } = typeof spec === 'string' || spec instanceof Uint8Array ? { content: spec } : spec;
    if (isFolder) return { entry: { path, type: 'directory', mode, mtimeS } };
    if (typeof content === 'string' && content.startsWith('=>')) {
      return { entry: { path, type: 'hardlink', linkTarget: content.slice(2), mode, mtimeS } };
    }
    if (typeof content === 'string' && content.startsWith('->')) {
      return {
        entry: { path, type: 'symlink', linkTarget: content.slice(2), mode: 0o777, mtimeS },
      };
    }
    const bytes = Buffer.from(content);
    return {
      entry: { path, type: 'file', mode, mtimeS, uid, sizeBytes: bytes.length },
      content: [bytes],
    };
  });
  return writeTar(members);
}

function outputOf(events: readonly BuildEvent[]): string {
  return events
    .map((event) => (event.kind === 'step-output' ? Buffer.from(event.bytes).toString() : ''))
    .join('');
}

function outcomesOf(events: readonly BuildEvent[]): Record<string, string> {
  const plan = events.find((event) => event.kind === 'plan');
  const outcomes: Record<string, string> = {};
  for (const event of events) {
    if (!('step' in event) || !/^step-(cached|done|failed|canceled)$/.test(event.kind)) continue;
    const step = plan?.steps[event.step - 1];
    if (step?.title) outcomes[step.text] = event.kind.slice(5);
  }
  return outcomes;
}

/** What the process has mounted below a folder. */
export function mountsBelow(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((at) => at.startsWith(path));
}

/** A folder that outlives a workshop. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  mkdirSync(folder, { recursive: true });
  return folder;
}
