import { parseReference } from '../../../src/core/index.ts';
import { openDatabase, openStore } from '../../../src/store/index.ts';
import { buildImage, pullImage } from './sample-images.ts';

/* A process that uses the store in every way at once until it is killed. Argument: the root folder. */

const [rootPath = ''] = process.argv.slice(2);
const database = openDatabase(`${rootPath}/berth.db`);
const store = await openStore({ rootPath, database });
await store.snapshots.recover({ existing: new Set(), running: new Set() });

async function pulling(worker: number): Promise<never> {
  // Another worker's image may be without a name for a moment.
  const own = new Set<string>();
  for (let round = 0; ; round++) {
    const layers = ['base', `w${worker}`, `r${Date.now()}`];
    const { id } = await pullImage(store.images, `pulled${worker}:${round % 3}`, layers);
    const built = await buildImage(store, id, `f${Date.now()}`);
    await store.images.tag(built, parseReference(`built${worker}:${round % 3}`));
    await store.images.source(built).root();
    own.add(id).add(built);
    for (const image of await store.images.list()) {
      if (image.tags.length > 0 || !own.delete(image.id)) continue;
      await store.images.delete(image.id);
    }
    console.log(`round ${worker} ${round}`);
  }
}

async function uploading(): Promise<never> {
  for (let round = 0; ; round++) {
    await using upload = await store.content.ingest(`upload-${round % 4}`);
    const chunk = Buffer.alloc(100_000, round);
    for (let piece = 0; piece < 20; piece++) await upload.write(chunk);
    if (round % 3 === 0) await upload.commit();
  }
}

async function running(): Promise<never> {
  for (let round = 0; ; round++) {
    const id = `container-${round}`;
    const snapshot = await store.snapshots.prepare(id, null);
    await snapshot.mount();
    if (round % 2 === 0) await store.snapshots.remove(id);
  }
}

async function collecting(): Promise<never> {
  for (;;) {
    await store.collectGarbage({ graceMs: 300 });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

console.log('ready');
await Promise.all([pulling(1), pulling(2), uploading(), running(), collecting()]);
