import { type Digest, isDigest } from '../core/index.ts';
import type {
  NewManifest,
  Page,
  Referrer,
  RepositoryName,
  StoredManifest,
  SweepOptions,
  SweepResult,
  Tag,
} from '../registry/index.ts';
import type { Database } from '../store/index.ts';

const migrations = [
  `CREATE TABLE registry_repositories (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE
   ) STRICT;
   CREATE TABLE registry_blobs (
     repository INTEGER NOT NULL REFERENCES registry_repositories ON DELETE CASCADE,
     digest TEXT NOT NULL,
     linked_at_ms INTEGER NOT NULL,
     PRIMARY KEY (repository, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_blob_holders ON registry_blobs (digest);
   CREATE TABLE registry_manifests (
     repository INTEGER NOT NULL REFERENCES registry_repositories ON DELETE CASCADE,
     digest TEXT NOT NULL,
     media_type TEXT NOT NULL,
     size_bytes INTEGER NOT NULL,
     subject TEXT,
     artifact_type TEXT,
     annotations TEXT,
     stored_at_ms INTEGER NOT NULL,
     PRIMARY KEY (repository, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_referrers ON registry_manifests (repository, subject, digest)
     WHERE subject IS NOT NULL;
   CREATE TABLE registry_contents (
     repository INTEGER NOT NULL,
     digest TEXT NOT NULL,
     manifest TEXT NOT NULL,
     PRIMARY KEY (repository, digest, manifest),
     FOREIGN KEY (repository, manifest) REFERENCES registry_manifests ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_contents_of ON registry_contents (repository, manifest);
   CREATE TABLE registry_tags (
     repository INTEGER NOT NULL,
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     PRIMARY KEY (repository, name),
     FOREIGN KEY (repository, digest) REFERENCES registry_manifests ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_tags_of ON registry_tags (repository, digest)`,
];

export type RegistryRecords = ReturnType<typeof registryRecords>;

/** Which repository holds what, in the database. Each call is one transaction. */
export function registryRecords(database: Database) {
  database.migrate('registry', migrations);
  const blobs = blobRecords(database);
  return {
    ...blobs,
    ...manifestRecords(database, blobs.holdsBlob),
    ...referrerRecords(database),
    ...catalogRecords(database),
    ...sweepRecords(database),
  };
}

/** The id of the repository whose name is the next parameter. */
const repositoryId = '(SELECT id FROM registry_repositories WHERE name = ?)';

function ensureRepository({ sqlite }: Database): (name: RepositoryName) => number {
  const find = sqlite.prepare('SELECT id FROM registry_repositories WHERE name = ?');
  const add = sqlite.prepare('INSERT INTO registry_repositories (name) VALUES (?)');
  return (name) =>
    (find.get(name)?.id as number | undefined) ?? Number(add.run(name).lastInsertRowid);
}

function blobRecords(database: Database) {
  const { sqlite, transaction } = database;
  const idOf = ensureRepository(database);
  const holds = sqlite.prepare(
    `SELECT 1 FROM registry_blobs WHERE repository = ${repositoryId} AND digest = ?`,
  );
  const link = sqlite.prepare(
    `INSERT INTO registry_blobs VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET linked_at_ms = excluded.linked_at_ms`,
  );
  const unlink = sqlite.prepare(
    `DELETE FROM registry_blobs WHERE repository = ${repositoryId} AND digest = ?`,
  );
  const named = sqlite.prepare(
    `SELECT 1 FROM registry_contents WHERE repository = ${repositoryId} AND digest = ?`,
  );
  const holders = sqlite.prepare(
    `SELECT name FROM registry_blobs JOIN registry_repositories ON id = repository
     WHERE digest = ? ORDER BY name`,
  );

  const holdsBlob = (name: RepositoryName, digest: Digest) => holds.get(name, digest) !== undefined;
  function linkBlob(name: RepositoryName, digest: Digest): void {
    transaction(() => link.run(idOf(name), digest, Date.now()));
  }
  return {
    holdsBlob,
    linkBlob,
    mountBlob: (digest: Digest, { from, to }: { from: RepositoryName; to: RepositoryName }) =>
      transaction(() => {
        if (!holdsBlob(from, digest)) return false;
        linkBlob(to, digest);
        return true;
      }),
    holders: (digest: Digest) => holders.all(digest).map((row) => row.name as RepositoryName),
    unlinkBlob: (name: RepositoryName, digest: Digest) =>
      transaction(() => {
        if (named.get(name, digest) && holdsBlob(name, digest)) return 'referenced';
        return unlink.run(name, digest).changes > 0 ? 'done' : 'unknown';
      }),
  };
}

function manifestRecords(
  database: Database,
  holdsBlob: (name: RepositoryName, digest: Digest) => boolean,
) {
  const { sqlite, transaction } = database;
  const idOf = ensureRepository(database);
  const byDigest = sqlite.prepare(
    `SELECT digest, media_type, size_bytes FROM registry_manifests
     WHERE repository = ${repositoryId} AND digest = ?`,
  );
  const byTag = sqlite.prepare(
    `SELECT m.digest, media_type, size_bytes FROM registry_tags t
     JOIN registry_manifests m ON m.repository = t.repository AND m.digest = t.digest
     WHERE t.repository = ${repositoryId} AND t.name = ?`,
  );
  const add = sqlite.prepare(
    `INSERT INTO registry_manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET media_type = excluded.media_type, stored_at_ms = excluded.stored_at_ms`,
  );
  const addContent = sqlite.prepare('INSERT OR IGNORE INTO registry_contents VALUES (?, ?, ?)');
  const tag = sqlite.prepare(
    `INSERT INTO registry_tags VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET digest = excluded.digest`,
  );
  const remove = sqlite.prepare(
    `DELETE FROM registry_manifests WHERE repository = ${repositoryId} AND digest = ?`,
  );
  function findManifest(name: RepositoryName, reference: Digest | Tag): StoredManifest | undefined {
    const row = (isDigest(reference) ? byDigest : byTag).get(name, reference);
    return row && storedManifest(row);
  }
  function missing(name: RepositoryName, { blobs, manifests }: NewManifest): Digest[] {
    return [
      ...blobs.filter((digest) => !holdsBlob(name, digest)),
      ...manifests.filter((digest) => !findManifest(name, digest)),
    ];
  }
  function putManifest(name: RepositoryName, manifest: NewManifest): Digest[] {
    return transaction(() => {
      const absent = missing(name, manifest);
      if (absent.length > 0) return absent;
      const id = idOf(name);
      const { digest, mediaType, sizeBytes, subject, artifactType, annotations } = manifest;
      const annotationText = annotations ? JSON.stringify(annotations) : null;
      add.run(
        id,
        digest,
        mediaType,
        sizeBytes,
        subject ?? null,
        artifactType ?? null,
        annotationText,
        Date.now(),
      );
      for (const part of [...manifest.blobs, ...manifest.manifests])
        addContent.run(id, part, digest);
      if (manifest.tag) tag.run(id, manifest.tag, digest);
      return [];
    });
  }
  return {
    findManifest,
    missing,
    putManifest,
    deleteManifest: (name: RepositoryName, digest: Digest) => remove.run(name, digest).changes > 0,
  };
}

function referrerRecords({ sqlite }: Database) {
  const referring = sqlite.prepare(
    `SELECT digest, media_type, size_bytes, artifact_type, annotations FROM registry_manifests
     WHERE repository = ${repositoryId} AND subject = ? AND digest > ?
       AND (? IS NULL OR artifact_type = ?)
     ORDER BY digest LIMIT ?`,
  );
  return {
    referrers: (
      name: RepositoryName,
      subject: Digest,
      { after = '', limit, artifactType = null }: Page & { artifactType?: string | null },
    ) => referring.all(name, subject, after, artifactType, artifactType, limit).map(referrer),
  };
}

function catalogRecords({ sqlite }: Database) {
  const known = sqlite.prepare('SELECT 1 FROM registry_repositories WHERE name = ?');
  const tags = sqlite.prepare(
    `SELECT name FROM registry_tags WHERE repository = ${repositoryId} AND name > ?
     ORDER BY name LIMIT ?`,
  );
  const untag = sqlite.prepare(
    `DELETE FROM registry_tags WHERE repository = ${repositoryId} AND name = ?`,
  );
  const repositories = sqlite.prepare(
    `SELECT name FROM registry_repositories r WHERE name > ?
       AND EXISTS (SELECT 1 FROM registry_manifests WHERE repository = r.id)
     ORDER BY name LIMIT ?`,
  );
  return {
    tags: (name: RepositoryName, { after = '', limit }: Page) =>
      known.get(name) && tags.all(name, after, limit).map((row) => row.name as string),
    deleteTag: (name: RepositoryName, tag: Tag) => untag.run(name, tag).changes > 0,
    repositories: ({ after = '', limit }: Page) =>
      repositories.all(after, limit).map((row) => row.name as RepositoryName),
  };
}

function sweepRecords({ sqlite, transaction }: Database) {
  const dropManifests = sqlite.prepare(
    `DELETE FROM registry_manifests AS m WHERE stored_at_ms < ?
       AND NOT EXISTS (SELECT 1 FROM registry_tags t
                       WHERE t.repository = m.repository AND t.digest = m.digest)
       AND NOT EXISTS (SELECT 1 FROM registry_contents c
                       WHERE c.repository = m.repository AND c.digest = m.digest)
       AND NOT EXISTS (SELECT 1 FROM registry_manifests s
                       WHERE s.repository = m.repository AND s.digest = m.subject)`,
  );
  const dropBlobs = sqlite.prepare(
    `DELETE FROM registry_blobs AS b WHERE linked_at_ms < ?
       AND NOT EXISTS (SELECT 1 FROM registry_contents c
                       WHERE c.repository = b.repository AND c.digest = b.digest)`,
  );
  const dropRepositories = sqlite.prepare(
    `DELETE FROM registry_repositories AS r
     WHERE NOT EXISTS (SELECT 1 FROM registry_blobs WHERE repository = r.id)
       AND NOT EXISTS (SELECT 1 FROM registry_manifests WHERE repository = r.id)`,
  );
  const digests = sqlite.prepare(
    'SELECT digest FROM registry_blobs UNION SELECT digest FROM registry_manifests',
  );
  return {
    sweep: ({ unreferencedBeforeMs, untaggedBeforeMs }: SweepOptions): SweepResult =>
      transaction(() => ({
        manifests:
          untaggedBeforeMs === undefined ? 0 : Number(dropManifests.run(untaggedBeforeMs).changes),
        blobs: Number(dropBlobs.run(unreferencedBeforeMs).changes),
        repositories: Number(dropRepositories.run().changes),
      })),
    digests: () => digests.all().map((row) => row.digest as Digest),
  };
}

function storedManifest(row: Record<string, unknown>): StoredManifest {
  return {
    digest: row.digest as Digest,
    mediaType: row.media_type as string,
    sizeBytes: row.size_bytes as number,
  };
}

function referrer(row: Record<string, unknown>): Referrer {
  const { artifact_type: artifactType, annotations } = row;
  return {
    ...storedManifest(row),
    ...(artifactType !== null && { artifactType: artifactType as string }),
    ...(annotations !== null && { annotations: JSON.parse(annotations as string) }),
  };
}
