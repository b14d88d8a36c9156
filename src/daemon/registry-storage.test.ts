import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryStorageContract } from '../registry/server/storage-contract.ts';
import { openContentStore, openDatabase } from '../store/index.ts';
import { createRegistryStorage } from './registry-storage.ts';

registryStorageContract('disk', async (work) => {
  const rootPath = mkdtempSync(join(tmpdir(), 'berth-registry-'));
  try {
    const content = await openContentStore({ rootPath: join(rootPath, 'content') });
    using database = openDatabase(join(rootPath, 'berth.db'));
    await work(createRegistryStorage(content, database));
  } finally {
    rmSync(rootPath, { recursive: true });
  }
});
