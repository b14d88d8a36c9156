import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { digestOf } from '../../../src/core/index.ts';
import { absent, binary, check, get, put, type Registry } from './registry.ts';

export function blobPushSuite(registry: Registry): void {
  describe('push: blobs', () => {
    const repository = 'conformance/push';
    const uploads = `/v2/${repository}/blobs/uploads/`;
    const blobAt = (digest: string) => `/v2/${repository}/blobs/${digest}`;

    test('one POST (end-4b)', async () => {
      const digest = await registry.pushBlob(repository, 'in one post');
      await registry.exchange(get(blobAt(digest)), { status: 200, body: 'in one post' });
    });

    test('POST, then PUT (end-4a, end-6)', async () => {
      const location = await registry.startUpload(repository);
      const digest = digestOf('post then put');
      await registry.exchange(put(`${location}?digest=${digest}`, 'post then put', binary), {
        status: 201,
        headers: { location: blobAt(digest), 'docker-content-digest': digest },
      });
      await registry.exchange(get(blobAt(digest)), { status: 200 });
      await registry.exchange(get(location), { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' });
    });

    test('streamed: PATCH without range, then an empty PUT (end-5)', async () => {
      const location = await registry.startUpload(repository);
      const patch = { method: 'PATCH', path: location, headers: binary, body: 'streamed' };
      await registry.exchange(patch, { status: 202, headers: { location, range: '0-7' } });
      const path = `${location}?digest=${digestOf('streamed')}`;
      await registry.exchange(
        { method: 'PUT', path, headers: { 'content-length': '0' } },
        { status: 201 },
      );
    });

    test('chunks in order, the last in the PUT; status between (end-13)', async () => {
      const location = await registry.startUpload(repository);
      const chunk = (body: string, range: string) => ({
        method: 'PATCH',
        path: location,
        headers: { ...binary, 'content-range': range },
        body,
      });
      await registry.exchange(chunk('0123', '0-3'), { status: 202, headers: { range: '0-3' } });
      await registry.exchange(get(location), {
        status: 204,
        headers: { location, range: '0-3' },
        body: '',
      });
      await registry.exchange(chunk('4567', '4-7'), { status: 202, headers: { range: '0-7' } });
      const last = { ...binary, 'content-range': '8-9' };
      const digest = digestOf('0123456789');
      await registry.exchange(put(`${location}?digest=${digest}`, '89', last), { status: 201 });
      await registry.exchange(get(blobAt(digest)), { status: 200, body: '0123456789' });
    });

    for (const [what, range, body] of [
      ['out of order', '4-7', '4567'],
      ['again from the start', '0-3', '0123'],
      ['with a gap', '3-6', '3456'],
      ['of another length', '2-9', '23'],
      ['without sense', 'x-y', '23'],
    ] as const) {
      test(`a chunk ${what} is 416, and tells where the upload is`, async () => {
        const location = await registry.startUpload(repository);
        const patch = { method: 'PATCH', path: location, headers: binary, body: '01' };
        await registry.exchange(patch, { status: 202 });
        const headers = { ...binary, 'content-range': range };
        const expected = { status: 416, headers: { location, range: '0-1' } };
        await registry.exchange({ ...patch, headers, body }, expected);
        const digest = digestOf('01');
        await registry.exchange(put(`${location}?digest=${digest}`, body, headers), expected);
        await registry.exchange(put(`${location}?digest=${digest}`, '', binary), { status: 201 });
      });
    }

    test('content of another digest is refused, and the upload dropped', async () => {
      const location = await registry.startUpload(repository);
      const wrong = put(`${location}?digest=${absent}`, 'content', binary);
      await registry.exchange(wrong, { status: 400, code: 'DIGEST_INVALID' });
      await registry.exchange(get(location), { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' });
      await registry.exchange(
        { method: 'POST', path: `${uploads}?digest=${absent}`, headers: binary, body: 'x' },
        {
          status: 400,
          code: 'DIGEST_INVALID',
        },
      );
      await registry.exchange(get(blobAt(absent)), { status: 404 });
    });

    for (const query of ['', '?digest=', '?digest=sha256:12', '?digest=nothing']) {
      test(`PUT with query "${query}" is refused`, async () => {
        const location = await registry.startUpload(repository);
        await registry.exchange(put(location + query, 'x', binary), {
          status: 400,
          code: 'DIGEST_INVALID',
        });
        await registry.exchange(get(location), { status: 204 });
      });
    }

    test('a cancelled upload is gone (end-14)', async () => {
      const location = await registry.startUpload(repository);
      await registry.exchange({ method: 'DELETE', path: location }, { status: 204 });
      const gone = { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' };
      await registry.exchange(get(location), gone);
      await registry.exchange({ method: 'DELETE', path: location }, gone);
      await registry.exchange(
        { method: 'PATCH', path: location, headers: binary, body: 'x' },
        gone,
      );
      await registry.exchange(put(`${location}?digest=${absent}`, 'x', binary), gone);
    });

    test('an upload belongs to its repository', async () => {
      const location = await registry.startUpload(repository);
      const elsewhere = location.replace(repository, 'conformance/other');
      await registry.exchange(get(elsewhere), { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' });
    });

    test('the empty blob', async () => {
      const digest = digestOf('');
      const location = await registry.startUpload(repository);
      await registry.exchange(put(`${location}?digest=${digest}`, '', binary), { status: 201 });
      await registry.exchange(get(blobAt(digest)), { status: 200, body: '' });
    });

    test('a sha512 digest', async () => {
      const digest = `sha512:${createHash('sha512').update('x').digest('hex')}`;
      const location = await registry.startUpload(repository);
      await registry.exchange(put(`${location}?digest=${digest}`, 'x', binary), { status: 201 });
      await registry.exchange(get(blobAt(digest)), { status: 200, body: 'x' });
    });

    test('a mount from another repository (end-11)', async () => {
      const digest = await registry.pushBlob('conformance/origin', 'to be mounted');
      const target = '/v2/conformance/mounted/blobs/uploads/';
      const blob = `/v2/conformance/mounted/blobs/${digest}`;
      await registry.exchange(get(blob), { status: 404, code: 'BLOB_UNKNOWN' });
      const path = `${target}?mount=${digest}&from=conformance/origin`;
      await registry.exchange(
        { method: 'POST', path },
        { status: 201, headers: { location: blob } },
      );
      await registry.exchange(get(blob), { status: 200, body: 'to be mounted' });
    });

    test('a mount that does not say from where', async () => {
      const digest = await registry.pushBlob('conformance/origin', 'to be found');
      const path = `/v2/conformance/finder/blobs/uploads/?mount=${digest}`;
      await registry.exchange({ method: 'POST', path }, { status: 201 });
    });

    for (const query of [
      `mount=${absent}&from=conformance/origin`,
      `mount=${absent}&from=conformance/nobody`,
      `mount=${absent}&from=../..`,
      `mount=${absent}`,
      'mount=nonsense&from=conformance/origin',
    ]) {
      check(`mount falls back to an upload: ${query.slice(0, 14)}…${query.slice(-20)}`, () =>
        registry.exchange(
          { method: 'POST', path: `${uploads}?${query}` },
          { status: 202, headers: { location: /^\/v2\/conformance\/push\/blobs\/uploads\/.+/ } },
        ),
      );
    }

    check('the smallest chunk is told', () =>
      registry.exchange(
        { method: 'POST', path: uploads },
        { status: 202, headers: { 'oci-chunk-min-length': /^\d+$/ } },
      ),
    );
  });
}
