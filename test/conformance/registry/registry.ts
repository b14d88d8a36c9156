import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { mediaTypes } from '../../../src/image/index.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON. */
  json(): unknown;
}

export interface Expectation {
  readonly status: number;
  /** Header names in lower case; a value must be equal or match, undefined means absent. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The `code` of the first error in the body. */
  readonly code?: string;
  readonly body?: string;
}

/** The registry under test. */
export interface Registry {
  /** Sends one request and checks the reply. */
  exchange(request: Call, expected: Expectation): Promise<Reply>;
  pushBlob(repository: string, content: string | Uint8Array): Promise<Digest>;
  /** Pushes a small image with what `extra` changes in its manifest; `DIGEST` stands for its own. */
  pushImage(repository: string, reference: string, extra?: object): Promise<Digest>;
  /** Gives the location of a new upload. */
  startUpload(repository: string): Promise<string>;
}

export const binary = { 'content-type': 'application/octet-stream' };
export const asManifest = { 'content-type': mediaTypes.ociManifest };
export const asIndex = { 'content-type': mediaTypes.ociIndex };
export const absent = digestOf('nobody has this');
export const configText = '{"architecture":"amd64","os":"linux"}';
export const layerText = 'pretend this is a layer';

export const get = (path: string, headers = {}): Call => ({ method: 'GET', path, headers });
export const put = (
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): Call => ({ method: 'PUT', path, body, headers });

export const descriptor = (mediaType: string, content: string) => ({
  mediaType,
  digest: digestOf(content),
  size: Buffer.byteLength(content),
});

export function imageText(extra: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor(mediaTypes.ociConfig, configText),
    layers: [descriptor(mediaTypes.ociLayer, layerText)],
    ...extra,
  });
}

/** A test of one exchange. */
export function check(name: string, work: () => Promise<Reply>): void {
  test(name, async () => {
    await work();
  });
}

export function registryAt(address: () => string): Registry {
  async function exchange(request: Call, expected: Expectation): Promise<Reply> {
    const reply = await send(address(), request);
    const where = `${request.method} ${request.path}: ${reply.body.subarray(0, 300)}`;
    assert.equal(reply.status, expected.status, where);
    for (const [name, value] of Object.entries(expected.headers ?? {})) {
      if (value instanceof RegExp) assert.match(String(reply.headers[name]), value, where);
      else assert.equal(reply.headers[name], value, `${name} of ${where}`);
    }
    if (expected.body !== undefined) assert.equal(reply.body.toString(), expected.body, where);
    if (expected.code !== undefined) {
      const { errors } = reply.json() as { errors: { code: string; message: string }[] };
      assert.equal(errors[0]?.code, expected.code, where);
      assert.equal(typeof errors[0]?.message, 'string');
    }
    return reply;
  }

  async function pushBlob(repository: string, content: string | Uint8Array): Promise<Digest> {
    const digest = digestOf(content);
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
    await exchange({ method: 'POST', path, headers: binary, body: content }, { status: 201 });
    return digest;
  }

  async function startUpload(repository: string): Promise<string> {
    const path = `/v2/${repository}/blobs/uploads/`;
    const headers = { 'content-length': '0' };
    const reply = await exchange({ method: 'POST', path, headers }, { status: 202 });
    return reply.headers.location!;
  }

  async function pushImage(repository: string, reference: string, extra: object = {}) {
    await pushBlob(repository, configText);
    await pushBlob(repository, layerText);
    const text = imageText(extra);
    const path = `/v2/${repository}/manifests/${reference.replace('DIGEST', digestOf(text))}`;
    await exchange(put(path, text, asManifest), { status: 201 });
    return digestOf(text);
  }

  return { exchange, pushBlob, pushImage, startUpload };
}

/** One request, sent as it stands: no redirects, no headers but Host and Content-Length added. */
async function send(address: string, { method, path, headers, body }: Call): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const request = httpRequest(`http://${address}`, { method, path, headers }, async (response) => {
    try {
      const content = await collect(response, 64 * 1024 * 1024);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: content,
        json: () => JSON.parse(content.toString()),
      });
    } catch (error) {
      reject(error);
    }
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}
