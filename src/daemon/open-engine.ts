import { join } from 'node:path';
import {
  createEngine,
  createEvents,
  createNetworks,
  createRuntimes,
  createStepRunner,
  createVolumes,
  type Engine,
  type Events,
  type Networks,
  readHostFacts,
  type StepRunner,
  type Volumes,
} from '../engine/index.ts';
import type { Database, Store } from '../store/index.ts';
import type { Config } from './config.ts';
import { warn } from './log.ts';

/** Containers and all they run with; what an earlier daemon left running is taken over. */
export interface EngineParts extends AsyncDisposable {
  readonly engine: Engine;
  readonly events: Events;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly steps: StepRunner;
}

export async function openEngine(options: {
  config: Config;
  database: Database;
  store: Store;
  /** The daemon cannot go on and is to be started anew. */
  onFailure: (error: Error) => void;
}): Promise<EngineParts> {
  const { config, database, store, onFailure } = options;
  const { runPath, rootPath, bridge } = config;
  await using opened = new AsyncDisposableStack();
  const events = createEvents();
  const host = readHostFacts();
  const networks = opened.use(createNetworks({ database, runPath, bridge, events, warn }));
  const volumes = createVolumes({ rootPath: join(rootPath, 'volumes'), database, events });
  const runtimes = createRuntimes({
    runPath,
    configured: config.runtimes,
    defaultName: config.defaultRuntime,
  });
  const engine = opened.use(
    await createEngine({
      database,
      events,
      networks,
      volumes,
      runtimes,
      host,
      snapshots: store.snapshots,
      images: store.images,
      paths: { rootPath, runPath },
      warn,
      onFailure,
    }),
  );
  await store.snapshots.recover(engine.liveSnapshots());
  await engine.adopt();
  const steps = opened.use(createStepRunner({ runPath, host, networks }));
  await steps.cleanUp();
  const kept = opened.move();
  return {
    engine,
    events,
    networks,
    volumes,
    steps,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
