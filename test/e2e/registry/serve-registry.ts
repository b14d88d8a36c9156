/**
 * Berth's registry alone, in a process of its own that tests may kill: serve-registry.ts SETTINGS,
 * which is JSON. Prints its address once it listens.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRegistryStorage } from '../../../src/daemon/registry-storage.ts';
import { createUsers } from '../../../src/daemon/users.ts';
import {
  createRegistryAccess,
  createRegistryServer,
  defaultPolicy,
  loadSigningKey,
  openAccess,
  userAccounts,
} from '../../../src/registry/index.ts';
import { openContentStore, openDatabase } from '../../../src/store/index.ts';

export interface RegistrySettings {
  readonly folder: string;
  readonly address: string;
  /** Names and passwords; "root" is an admin. Without users everybody may do everything. */
  readonly users?: Readonly<Record<string, string>>;
  readonly anonymous?: { readonly pull: boolean; readonly push: boolean };
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
}

const { folder, address, users, anonymous, tls } = JSON.parse(process.argv[2]!) as RegistrySettings;
const content = await openContentStore({ rootPath: join(folder, 'content') });
const database = openDatabase(join(folder, 'berth.db'));
const server = createRegistryServer({
  storage: createRegistryStorage(content, database),
  access: users ? await accessFor(users) : openAccess,
  ...(tls && { tls: { cert: readFileSync(tls.certPath), key: readFileSync(tls.keyPath) } }),
  onError: (error) => console.error(error),
});
console.log(await server.listen(address));

async function accessFor(passwords: Readonly<Record<string, string>>) {
  const kept = createUsers(database);
  const accounts = userAccounts(kept);
  for (const [name, password] of Object.entries(passwords)) {
    await accounts.setPassword(name, password, { admin: name === 'root' });
  }
  return createRegistryAccess({
    users: kept,
    policy: defaultPolicy(anonymous ?? { pull: false, push: false }),
    key: loadSigningKey(join(folder, 'registry-key.pem')),
    service: 'berth',
  });
}
