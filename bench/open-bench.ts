import { existsSync } from 'node:fs';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Builder, buildkitBuilder, classicBuilder, openBuildah } from './builder.ts';
import { type Engine, startBerth, startDockerd, startRegistry } from './engine.ts';
import { run } from './processes.ts';

/** What every row finds ready. */
export interface Bench extends AsyncDisposable {
  readonly folder: string;
  readonly berth: Engine;
  /** Throws when it is missing. */
  readonly dockerd: Engine;
  /**
   * By their names: `berth` by BuildKit's protocol and `berth classic` by the classic one, with the
   * clients that drive `buildkit` and `dockerd`. Without a client that can both, `berth` is classic.
   */
  readonly builders: ReadonlyMap<string, Builder>;
  /** A Debian root as a tar and, beside it, a repository of a few packages; made by make-debian. */
  readonly debian: string;
  /** Why a peer, or the Debian root, takes no part, by its name. */
  readonly missing: ReadonlyMap<string, string>;
  readonly registryPort: { readonly berth: number; readonly peer: number };
  /** A busybox image that all builders have. */
  readonly image: string;
}

const registryPort = { berth: 15_000, peer: 15_001 };
const image = 'bench/busybox';

/** Starts Berth and whatever peers this machine has. Throws when Berth does not start. */
export async function openBench(folder: string): Promise<Bench> {
  await using started = new AsyncDisposableStack();
  const missing = new Map<string, string>();
  const builders = new Map<string, Builder>();
  const add = (builder: Builder) => builders.set(builder.name, builder);
  async function attempt<T>(name: string, start: () => Promise<T>): Promise<T | undefined> {
    try {
      return await start();
    } catch (error) {
      missing.set(name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  // In memory, as /run is.
  await mkdir(join(folder, 'run'));
  await run('mount', ['-t', 'tmpfs', 'tmpfs', join(folder, 'run')]);
  const foldersOf = (name: string) => ({
    folder: join(folder, name),
    runFolder: join(folder, 'run', name),
  });
  const berth = started.use(await startBerth(foldersOf('berth'), registryPort.berth));
  const classic = (name: string) => add(classicBuilder(name, berth.docker));
  const kit = await attempt('berth classic', () => buildkitBuilder('berth', berth.host, folder));
  if (kit) {
    add(kit);
    classic('berth classic');
  } else classic('berth');
  const dockerd = await attempt('dockerd', () => startDockerd(foldersOf('dockerd')));
  if (dockerd) {
    started.use(dockerd);
    add(classicBuilder('dockerd', dockerd.docker));
    await attempt('buildkit', async () =>
      add(await buildkitBuilder('buildkit', dockerd.host, folder)),
    );
  } else missing.set('buildkit', 'dockerd is missing');
  await attempt('buildah', async () => add(await openBuildah(join(folder, 'buildah'))));
  await attempt('docker-registry', async () =>
    started.use(await startRegistry(join(folder, 'registry'), registryPort.peer)),
  );

  const debian = process.env.BERTH_BENCH_DEBIAN ?? '';
  if (!existsSync(join(debian, 'root.tar'))) missing.set('debian', 'see bench/make-debian');

  await writeBusybox(join(folder, 'busybox'));
  for (const [name, builder] of builders) {
    const build = () => builder.build(join(folder, 'busybox'), image);
    if (name === 'berth') await build();
    else await attempt(name, build);
  }
  const running = started.move();
  return {
    folder,
    debian,
    berth,
    get dockerd() {
      if (dockerd) return dockerd;
      throw new Error(`dockerd: ${missing.get('dockerd')}`);
    },
    builders,
    missing,
    registryPort,
    image,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The context of a small base image: Debian's static busybox. */
async function writeBusybox(folder: string): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(folder, 'bin/busybox'));
  for (const applet of ['sh', 'true', 'echo', 'sleep', 'cat'])
    await symlink('busybox', join(folder, 'bin', applet));
  await writeFile(
    join(folder, 'Dockerfile'),
    'FROM scratch\nCOPY bin /bin/\nENV PATH=/bin\nCMD ["sh"]\n',
  );
}
