import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usersContract } from '../registry/auth/users-contract.ts';
import { openDatabase } from '../store/index.ts';
import { createUsers } from './users.ts';

usersContract('database', async (work) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-users-'));
  try {
    using database = openDatabase(join(folder, 'berth.db'));
    await work(createUsers(database));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
