import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { parseReference } from '../../src/core/index.ts';
import {
  type ContainerConfig,
  createEngine,
  createEvents,
  createRuntimes,
  createVolumes,
  type Engine,
  type Events,
  type HostConfig,
  type Networks,
  type RuntimeConfig,
  type Volumes,
} from '../../src/engine/index.ts';
import { mountsBelow, unmount } from '../../src/linux/index.ts';
import { openDatabase, openStore, type Store } from '../../src/store/index.ts';
import { fillBusyboxRoot } from './busybox-root.ts';

/** An engine over the real store and runtime, in folders of its own, without networks. */
export interface EngineStage extends AsyncDisposable {
  readonly engine: Engine;
  readonly store: Store;
  readonly volumes: Volumes;
  readonly folder: string;
  readonly warnings: readonly string[];
  readonly events: readonly Published[];
  /** Events of a container, each as Docker words it. */
  actions(id: string): string[];
  create(script: string, more?: More): Promise<string>;
  /** Creates, attaches, starts, and waits for the end, as `docker run` does. */
  run(script: string, more?: More): Promise<{ code: number; stdout: string; id: string }>;
  /** Ends the engine as a daemon does that is stopped in good order; containers go on. */
  leave(): Promise<void>;
}

type Published = Parameters<Events['publish']>[0];

export interface More {
  readonly name?: string;
  readonly config?: Partial<ContainerConfig>;
  readonly hostConfig?: HostConfig;
}

export function stageFolder(): string {
  return mkdtempSync(join(tmpdir(), 'berth-engine-'));
}

/** Removes a stage's folder and checks that nothing of it is left mounted. */
export async function removeStage(folder: string): Promise<void> {
  const left = await mountsBelow(folder);
  for (const { path } of left) await unmount(path, { lazy: true });
  rmSync(folder, { recursive: true });
  if (left.length > 0) throw new Error(`left mounted: ${left.map(({ path }) => path).join(', ')}`);
}

/** Opens a stage in a folder, new or left by an earlier one. */
export async function openStage(
  folder: string,
  options: { runtimes?: Record<string, RuntimeConfig>; networks?: Networks } = {},
): Promise<EngineStage> {
  const database = openDatabase(join(folder, 'berth.db'));
  const store = await openStore({ rootPath: folder, database });
  await ensureImage(store);
  const paths = { rootPath: folder, runPath: join(folder, 'run') };
  const seen: Published[] = [];
  const published = createEvents();
  const events: Events = {
    ...published,
    publish(event) {
      seen.push(event);
      published.publish(event);
    },
  };
  const warnings: string[] = [];
  const volumes = createVolumes({ database, rootPath: join(folder, 'volumes'), events });
  const engine = await createEngine({
    database,
    snapshots: store.snapshots,
    images: store.images,
    networks: options.networks ?? noNetworks(),
    volumes,
    runtimes: createRuntimes({ runPath: paths.runPath, configured: options.runtimes }),
    events,
    paths,
    warn: (message) => warnings.push(message),
    onFailure(error) {
      throw error;
    },
  });
  await store.snapshots.recover(engine.liveSnapshots());
  await engine.adopt();

  async function create(script: string, { name, config, hostConfig }: More = {}): Promise<string> {
    const { id } = await engine.containers.create({
      name,
      config: { Image: 'busybox', Cmd: ['/bin/sh', '-c', script], ...config },
      hostConfig: { NetworkMode: 'none', ...hostConfig },
    });
    return id;
  }
  const leave = async () => {
    await engine[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    database[Symbol.dispose]();
  };
  return {
    engine,
    store,
    volumes,
    folder,
    warnings,
    events: seen,
    actions: (id) => seen.filter(({ actorId }) => actorId === id).map(({ action }) => action),
    create,
    leave,
    async run(script, more) {
      const id = await create(script, { ...more, config: { Tty: true, ...more?.config } });
      const client = createClient();
      const attached = engine.streams.attach(id, client.stream, {
        stdin: false,
        stdout: true,
        stderr: true,
        logs: false,
        follow: true,
      });
      const ended = engine.containers.wait(id, 'next-exit');
      await engine.containers.start(id);
      const { code } = await ended;
      await attached;
      return { code, id, stdout: client.text().replaceAll('\r\n', '\n') };
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of engine.containers.list()) {
        await engine.containers.remove(id, { force: true, volumes: true }).catch(() => {});
      }
      await leave();
    },
  };
}

/** The client's side of a connection. */
export function createClient() {
  const got: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      got.push(chunk);
      for (const wake of waiting.splice(0)) wake();
      done();
    },
  });
  const text = () => Buffer.concat(got).toString();
  return {
    stream,
    text,
    bytes: () => Buffer.concat(got),
    type: (input: string) => stream.push(input),
    endInput: () => stream.push(null),
    async says(words: string | RegExp) {
      const isThere = () =>
        typeof words === 'string' ? text().includes(words) : words.test(text());
      while (!isThere()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** An image `busybox` of one layer, made in place. */
async function ensureImage(store: Store): Promise<void> {
  if ((await store.images.list()).length > 0) return;
  const snapshot = await store.snapshots.prepare('make-busybox', null);
  fillBusyboxRoot(await snapshot.mount());
  const { diffId } = await store.snapshots.commit('make-busybox');
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
  await store.images.add(Buffer.from(JSON.stringify(config)), {
    tags: [parseReference('busybox')],
  });
}

/** Every container has a network namespace of its own with nothing in it. */
export function noNetworks(): Networks {
  const missing = () => {
    throw new Error('this stage has no networks');
  };
  return {
    create: missing,
    get: (ref) => ({ name: ref }) as never,
    list: () => [],
    remove: missing,
    setUp: async () => ({ namespacePath: '', endpoints: {}, ports: [], nameservers: [] }),
    tearDown: async () => {},
    connect: missing,
    disconnect: missing,
    adopt: async () => {},
    lookup: () => undefined,
    rename: () => {},
    unused: () => [],
  };
}
