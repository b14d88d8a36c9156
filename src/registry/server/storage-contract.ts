import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError, type ByteStream, type Digest, digestOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import type { RepositoryName, Tag } from '../repository-name.ts';
import type { NewManifest, RegistryStorage } from './storage.ts';

const alpha = 'team/alpha' as RepositoryName;
const beta = 'team/beta' as RepositoryName;
const tag = (text: string) => text as Tag;
const everything = { limit: 100 };

async function text(stream: ByteStream): Promise<string> {
  let result = '';
  for await (const chunk of stream) result += Buffer.from(chunk).toString();
  return result;
}

async function pushBlob(storage: RegistryStorage, repository: RepositoryName, content: string) {
  await using upload = await storage.uploads.create(repository);
  await upload.write(Buffer.from(content));
  const digest = digestOf(content);
  await upload.commit(digest);
  return digest;
}

function manifestOf(content: string, extra: Partial<NewManifest> = {}): NewManifest {
  return {
    digest: digestOf(content),
    mediaType: mediaTypes.ociManifest,
    sizeBytes: content.length,
    bytes: Buffer.from(content),
    blobs: [],
    manifests: [],
    ...extra,
  };
}

const withCode = (code: string) => (error: unknown) =>
  error instanceof BerthError && error.code === code;

/** What every `RegistryStorage` must do; `open` gives a fresh, empty one for each test. */
export function registryStorageContract(
  name: string,
  open: (work: (storage: RegistryStorage) => Promise<void>) => Promise<void>,
): void {
  const check = (what: string, work: (storage: RegistryStorage) => Promise<void>) =>
    test(`${name}: ${what}`, () => open(work));
  blobContract(check);
  uploadContract(check);
  manifestContract(check);
  catalogContract(check);
  sweepContract(check);
}

type Check = (what: string, work: (storage: RegistryStorage) => Promise<void>) => void;

function blobContract(check: Check): void {
  check('a blob is visible only in the repository it was pushed to', async (storage) => {
    const digest = await pushBlob(storage, alpha, 'hello world');
    assert.equal(await storage.blobs.sizeOf(alpha, digest), 11);
    assert.equal(await storage.blobs.sizeOf(beta, digest), undefined);
    assert.deepEqual(await storage.blobs.holders(digest), [alpha]);
    assert.equal(await text(storage.blobs.open(digest)), 'hello world');
    assert.equal(await text(storage.blobs.open(digest, { start: 4, end: 7 })), 'o w');
  });

  check('mount needs the source to hold the blob', async (storage) => {
    const digest = await pushBlob(storage, alpha, 'x');
    const absent = digestOf('absent');
    assert.equal(await storage.blobs.mount(absent, { from: alpha, to: beta }), false);
    assert.equal(await storage.blobs.mount(digest, { from: beta, to: alpha }), false);
    assert.equal(await storage.blobs.mount(digest, { from: alpha, to: beta }), true);
    assert.equal(await storage.blobs.sizeOf(beta, digest), 1);
    assert.deepEqual((await storage.blobs.holders(digest)).sort(), [alpha, beta]);
  });

  check('adopt makes content visible that the storage has', async (storage) => {
    const digest = await pushBlob(storage, alpha, 'x');
    assert.equal(await storage.blobs.adopt(beta, digestOf('absent')), false);
    assert.equal(await storage.blobs.adopt(beta, digest), true);
    assert.equal(await storage.blobs.sizeOf(beta, digest), 1);
  });

  check('unlink takes the blob from one repository, unless it is named', async (storage) => {
    const digest = await pushBlob(storage, alpha, 'x');
    await storage.blobs.mount(digest, { from: alpha, to: beta });
    await storage.manifests.put(beta, manifestOf('{"m":1}', { blobs: [digest] }));
    assert.equal(await storage.blobs.unlink(beta, digest), 'referenced');
    assert.equal(await storage.blobs.unlink(alpha, digest), 'done');
    assert.equal(await storage.blobs.unlink(alpha, digest), 'unknown');
    assert.equal(await storage.blobs.sizeOf(alpha, digest), undefined);
    assert.equal(await storage.blobs.sizeOf(beta, digest), 1);
  });

  check('opening an absent blob is not-found', async (storage) => {
    await assert.rejects(text(storage.blobs.open(digestOf('absent'))), { kind: 'not-found' });
  });
}

function uploadContract(check: Check): void {
  check('an upload goes on where it stopped', async (storage) => {
    let id: string;
    {
      await using upload = await storage.uploads.create(alpha);
      id = upload.id;
      await upload.write(Buffer.from('hello '));
    }
    assert.equal(await storage.uploads.offsetOf(alpha, id), 6);
    await using again = await storage.uploads.open(alpha, id);
    assert.equal(again.offset, 6);
    await again.write(Buffer.from('world'));
    assert.equal(again.offset, 11);
    await again.commit(digestOf('hello world'));
    assert.equal(await storage.uploads.offsetOf(alpha, id), undefined);
    assert.equal(await text(storage.blobs.open(digestOf('hello world'))), 'hello world');
  });

  check('an upload has one writer and one repository', async (storage) => {
    await using upload = await storage.uploads.create(alpha);
    await assert.rejects(storage.uploads.open(alpha, upload.id), { kind: 'conflict' });
    await assert.rejects(storage.uploads.open(beta, upload.id), withCode('BLOB_UPLOAD_UNKNOWN'));
    assert.equal(await storage.uploads.offsetOf(beta, upload.id), undefined);
    for (const id of ['none', '../../x', '', 'a/b', '.']) {
      await assert.rejects(storage.uploads.open(alpha, id), withCode('BLOB_UPLOAD_UNKNOWN'));
      assert.equal(await storage.uploads.offsetOf(alpha, id), undefined);
    }
  });

  check('a commit with another digest drops the upload', async (storage) => {
    await using upload = await storage.uploads.create(alpha);
    await upload.write(Buffer.from('content'));
    await assert.rejects(upload.commit(digestOf('other')), withCode('DIGEST_INVALID'));
    assert.equal(await storage.uploads.offsetOf(alpha, upload.id), undefined);
    assert.equal(await storage.blobs.sizeOf(alpha, digestOf('content')), undefined);
  });

  check('an aborted upload is gone', async (storage) => {
    const upload = await storage.uploads.create(alpha);
    await upload.abort();
    await upload[Symbol.asyncDispose]();
    await assert.rejects(storage.uploads.open(alpha, upload.id), withCode('BLOB_UPLOAD_UNKNOWN'));
  });

  check('the same blob pushed at once by two is stored once for both', async (storage) => {
    const digests = await Promise.all([
      pushBlob(storage, alpha, 'same'),
      pushBlob(storage, alpha, 'same'),
      pushBlob(storage, beta, 'same'),
    ]);
    assert.equal(new Set(digests).size, 1);
    assert.equal(await storage.blobs.sizeOf(beta, digests[0]!), 4);
  });

  check('sha512 digests are verified too', async (storage) => {
    const { createHash } = await import('node:crypto');
    const digest = `sha512:${createHash('sha512').update('long').digest('hex')}` as Digest;
    await using upload = await storage.uploads.create(alpha);
    await upload.write(Buffer.from('long'));
    await upload.commit(digest);
    assert.equal(await storage.blobs.sizeOf(alpha, digest), 4);
    assert.equal(await text(storage.blobs.open(digest)), 'long');
  });

  check('uploads left alone expire', async (storage) => {
    const upload = await storage.uploads.create(alpha);
    await upload.write(Buffer.from('x'));
    await upload[Symbol.asyncDispose]();
    assert.equal(await storage.uploads.expire(Date.now() - 60_000), 0);
    {
      await using _busy = await storage.uploads.open(alpha, upload.id);
      assert.equal(await storage.uploads.expire(Date.now() + 60_000), 0);
    }
    assert.equal(await storage.uploads.expire(Date.now() + 60_000), 1);
    assert.equal(await storage.uploads.offsetOf(alpha, upload.id), undefined);
  });
}

function manifestContract(check: Check): void {
  check('a manifest is found by digest and by tag, byte for byte', async (storage) => {
    const manifest = manifestOf('{ "schemaVersion": 2 }', { tag: tag('v1') });
    assert.deepEqual(await storage.manifests.put(alpha, manifest), { missing: [] });
    for (const reference of [manifest.digest, tag('v1')]) {
      const found = await storage.manifests.find(alpha, reference);
      assert.equal(found?.digest, manifest.digest);
      assert.equal(found?.mediaType, manifest.mediaType);
      assert.equal(found?.sizeBytes, manifest.sizeBytes);
    }
    const bytes = await storage.manifests.read(manifest.digest);
    assert.equal(Buffer.from(bytes).toString(), '{ "schemaVersion": 2 }');
    assert.equal(await storage.manifests.find(beta, manifest.digest), undefined);
    assert.equal(await storage.manifests.find(alpha, tag('v2')), undefined);
  });

  check('a tag moves', async (storage) => {
    const [one, two] = [manifestOf('{"n":1}', { tag: tag('t') }), manifestOf('{"n":2}')];
    await storage.manifests.put(alpha, one);
    await storage.manifests.put(alpha, { ...two, tag: tag('t') });
    assert.equal((await storage.manifests.find(alpha, tag('t')))?.digest, two.digest);
    assert.equal((await storage.manifests.find(alpha, one.digest))?.digest, one.digest);
  });

  check('put tells all that is missing and stores nothing', async (storage) => {
    const held = await pushBlob(storage, alpha, 'held');
    const [blob, child] = [digestOf('blob'), digestOf('child')];
    const manifest = manifestOf('{}', { tag: tag('t'), blobs: [held, blob], manifests: [child] });
    assert.deepEqual((await storage.manifests.put(alpha, manifest)).missing, [blob, child]);
    assert.equal(await storage.manifests.find(alpha, manifest.digest), undefined);
    assert.equal(await storage.manifests.find(alpha, tag('t')), undefined);
  });

  check('delete takes the manifest and its tags', async (storage) => {
    const manifest = manifestOf('{"n":1}');
    for (const name of ['a', 'b']) {
      await storage.manifests.put(alpha, { ...manifest, tag: tag(name) });
    }
    await storage.manifests.put(alpha, manifestOf('{"n":2}', { tag: tag('c') }));
    assert.equal(await storage.manifests.delete(alpha, manifest.digest), true);
    assert.equal(await storage.manifests.delete(alpha, manifest.digest), false);
    assert.equal(await storage.manifests.find(alpha, tag('a')), undefined);
    assert.deepEqual(await storage.catalog.tags(alpha, everything), ['c']);
  });

  check('referrers are listed by subject and type, in pages', async (storage) => {
    const subject = digestOf('subject');
    const kinds = ['sbom', 'sbom', 'signature'];
    for (const [index, artifactType] of kinds.entries()) {
      const annotations = { index: String(index) };
      await storage.manifests.put(
        alpha,
        manifestOf(`{"i":${index}}`, { subject, artifactType, annotations }),
      );
    }
    const all = await storage.manifests.referrers(alpha, subject, everything);
    assert.equal(all.length, 3);
    assert.ok(all.every(({ annotations }) => annotations?.index !== undefined));
    const sboms = { ...everything, artifactType: 'sbom' };
    assert.equal((await storage.manifests.referrers(alpha, subject, sboms)).length, 2);
    const after = all[0]!.digest;
    const rest = await storage.manifests.referrers(alpha, subject, { after, limit: 1 });
    assert.deepEqual(
      rest.map(({ digest }) => digest),
      [all[1]!.digest],
    );
    assert.deepEqual(await storage.manifests.referrers(beta, subject, everything), []);
  });
}

function catalogContract(check: Check): void {
  check('tags come in order of code units, in pages', async (storage) => {
    const manifest = manifestOf('{}');
    for (const name of ['b', 'B', 'a', '1', '_']) {
      await storage.manifests.put(alpha, { ...manifest, tag: tag(name) });
    }
    assert.deepEqual(await storage.catalog.tags(alpha, everything), ['1', 'B', '_', 'a', 'b']);
    assert.deepEqual(await storage.catalog.tags(alpha, { after: 'B', limit: 2 }), ['_', 'a']);
    assert.deepEqual(await storage.catalog.tags(alpha, { limit: 0 }), []);
    assert.equal(await storage.catalog.tags(beta, everything), undefined);
  });

  check('a repository without tags is known still', async (storage) => {
    await storage.manifests.put(alpha, manifestOf('{}', { tag: tag('t') }));
    assert.equal(await storage.catalog.deleteTag(alpha, tag('t')), true);
    assert.equal(await storage.catalog.deleteTag(alpha, tag('t')), false);
    assert.equal(await storage.catalog.deleteTag(beta, tag('t')), false);
    assert.deepEqual(await storage.catalog.tags(alpha, everything), []);
  });

  check('repositories with a manifest are listed in order', async (storage) => {
    await storage.manifests.put(beta, manifestOf('{}'));
    await storage.manifests.put(alpha, manifestOf('{}'));
    await pushBlob(storage, 'only/blobs' as RepositoryName, 'x');
    assert.deepEqual(await storage.catalog.repositories(everything), [alpha, beta]);
    assert.deepEqual(await storage.catalog.repositories({ after: alpha, limit: 9 }), [beta]);
  });
}

function sweepContract(check: Check): void {
  check('sweep drops blobs no manifest names, once they are old', async (storage) => {
    const [used, unused] = [
      await pushBlob(storage, alpha, 'u'),
      await pushBlob(storage, alpha, 'n'),
    ];
    await storage.manifests.put(alpha, manifestOf('{}', { blobs: [used] }));
    await pushBlob(storage, beta, 'lonely');
    const early = await storage.catalog.sweep({ unreferencedBeforeMs: 0 });
    assert.deepEqual(early, { blobs: 0, manifests: 0, repositories: 0 });
    const swept = await storage.catalog.sweep({ unreferencedBeforeMs: Date.now() + 1000 });
    assert.deepEqual(swept, { blobs: 2, manifests: 0, repositories: 1 });
    assert.equal(await storage.blobs.sizeOf(alpha, unused), undefined);
    assert.equal(await storage.blobs.sizeOf(alpha, used), 1);
    assert.equal(await storage.catalog.tags(beta, everything), undefined);
  });

  check('sweep spares manifests that a tag, an index or a subject ties', async (storage) => {
    const child = manifestOf('{"child":1}');
    const loose = manifestOf('{"loose":1}');
    const index = manifestOf('{"index":1}', { manifests: [child.digest], tag: tag('t') });
    const signature = manifestOf('{"signature":1}', { subject: index.digest });
    for (const manifest of [child, loose, index, signature]) {
      await storage.manifests.put(alpha, manifest);
    }
    const later = Date.now() + 60_000;
    const kept = await storage.catalog.sweep({ unreferencedBeforeMs: later });
    assert.equal(kept.manifests, 0);
    const options = { unreferencedBeforeMs: later, untaggedBeforeMs: later };
    assert.equal((await storage.catalog.sweep(options)).manifests, 1);
    assert.equal(await storage.manifests.find(alpha, loose.digest), undefined);
    for (const { digest } of [child, index, signature]) {
      assert.equal((await storage.manifests.find(alpha, digest))?.digest, digest);
    }
  });
}
