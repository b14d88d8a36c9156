import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A member of a tar file, as hostile as wanted: nothing of it is checked. */
export interface Member {
  readonly name: string;
  /** As in a tar header: 0 file, 1 hard link, 2 symlink, 3 and 4 devices, 5 folder, 6 fifo. */
  readonly type?: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly link?: string;
  readonly data?: Uint8Array | string;
  readonly mode?: number;
}

export interface CraftedImage {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly manifest: Buffer;
  readonly manifestDigest: string;
  readonly layers: readonly string[];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function tarOf(members: readonly Member[]): Buffer {
  const blocks = members.flatMap((member) => {
    const data = Buffer.from(member.data ?? '');
    return [headerOf(member, data.length), data, Buffer.alloc(-data.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function headerOf({ name, type = '0', link = '', mode = 0o755 }: Member, size: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) =>
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  header.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  octal(8, 329, 8); // a device's numbers: /dev/sda, as far as any
  octal(0, 337, 8);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}

/** An image of these layers (tar files); `diffIds` instead of the true ones to lie. */
export function craftImage(
  layers: readonly Buffer[],
  { diffIds = layers.map(digestOf), cmd = ['/bin/busybox', 'true'] } = {},
): CraftedImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: cmd, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: describe('config.v1+json', config),
      layers: layers.map((layer) => describe('layer.v1.tar', layer)),
    }),
  );
  return {
    blobs: new Map([config, ...layers].map((bytes) => [digestOf(bytes), bytes])),
    manifest,
    manifestDigest: digestOf(manifest),
    layers: layers.map(digestOf),
  };
}

/** What `docker save` would write of these layers. */
export function archiveOf(layers: readonly Buffer[], tag: string): Buffer {
  const image = craftImage(layers);
  const config = [...image.blobs].find(([digest]) => !image.layers.includes(digest))![1];
  const names = layers.map((_, index) => `layer${index}.tar`);
  return tarOf([
    { name: 'config.json', data: config },
    ...layers.map((data, index) => ({ name: names[index]!, data })),
    {
      name: 'manifest.json',
      data: JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: names }]),
    },
  ]);
}

export interface StubRegistry extends AsyncDisposable {
  readonly address: string;
  readonly images: Map<string, CraftedImage>;
  /** Answers for a blob instead of the registry; gives false to leave it to it. */
  intercept: (digest: string, response: ServerResponse, bytes: Buffer | undefined) => boolean;
  /** Requests seen, as `METHOD path`. */
  readonly requests: string[];
}

/** A registry that says what the test wants. It takes uploads and never answers their bodies. */
export async function startStubRegistry(): Promise<StubRegistry> {
  const images = new Map<string, CraftedImage>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method, url = '' } = request;
    requests.push(`${method} ${url}`);
    const match = /^\/v2\/(.+?)\/(manifests|blobs)\/([^?]*)/.exec(url);
    if (!match) return void response.writeHead(url === '/v2/' ? 200 : 404).end('{}');
    const [, name = '', kind, reference = ''] = match;
    if (method === 'POST') {
      const location = `/v2/${name}/blobs/uploads/1`;
      return void response.writeHead(202, { location, range: '0-0' }).end();
    }
    if (method === 'PATCH' || method === 'PUT') return void request.resume();
    const image = images.get(name);
    const bytes = kind === 'manifests' ? image?.manifest : image?.blobs.get(reference);
    if (kind === 'blobs' && method === 'GET' && stub.intercept(reference, response, bytes)) return;
    if (!image || !bytes) {
      const error = { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' };
      return void response.writeHead(404).end(JSON.stringify({ errors: [error] }));
    }
    const isManifest = kind === 'manifests';
    response.writeHead(200, {
      'content-length': bytes.length,
      'content-type': isManifest
        ? 'application/vnd.oci.image.manifest.v1+json'
        : 'application/octet-stream',
      'docker-content-digest': digestOf(bytes),
    });
    response.end(method === 'HEAD' ? undefined : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: StubRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    images,
    requests,
    intercept: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}
