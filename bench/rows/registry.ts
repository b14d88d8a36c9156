import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import type { Downloads } from '../download.ts';
import type { Bench } from '../open-bench.ts';
import type { Row } from '../row.ts';

const connections = 16;
const downloads = 4;
const blobBytes = 64 * 2 ** 20;
const agent = new Agent({ keepAlive: true, maxSockets: connections });

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly sizeBytes: number;
}

function send(
  port: number,
  method: string,
  path: string,
  options: { body?: Buffer; type?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/vnd.oci.image.manifest.v1+json',
      ...(options.body && { 'content-length': options.body.length, 'content-type': options.type }),
    };
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, agent, headers },
      (answer) => {
        let sizeBytes = 0;
        answer.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, sizeBytes }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

async function expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
  const got = await answer;
  if (got.status !== status)
    throw new Error(`bench: the registry answered ${got.status}, not ${status}`);
  return got;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Uploads a blob in two requests, as clients do, and gives its digest. */
async function uploadBlob(port: number, repository: string, blob: Buffer): Promise<string> {
  const digest = digestOf(blob);
  const { headers } = await expectStatus(
    202,
    send(port, 'POST', `/v2/${repository}/blobs/uploads/`),
  );
  const location = new URL(headers.location as string, `http://127.0.0.1:${port}`);
  location.searchParams.set('digest', digest);
  const path = location.pathname + location.search;
  await expectStatus(
    201,
    send(port, 'PUT', path, { body: blob, type: 'application/octet-stream' }),
  );
  return digest;
}

const blob = randomBytes(blobBytes);

async function pushImage(port: number): Promise<void> {
  const config = Buffer.from(
    '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const layer = await uploadBlob(port, 'bench/http', blob);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: await uploadBlob(port, 'bench/http', config),
        size: config.length,
      },
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: blob.length },
      ],
    }),
  );
  await expectStatus(
    201,
    send(port, 'PUT', '/v2/bench/http/manifests/x', { body: manifest, type }),
  );
}

/** Requests a second of `count` requests on all connections at once. */
async function rate(count: number, one: () => Promise<unknown>): Promise<number> {
  const began = process.hrtime.bigint();
  let left = count;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await one();
    }),
  );
  return count / (Number(process.hrtime.bigint() - began) / 1e9);
}

/** Bytes a second of the blob fetched `count` times, on a few connections at once. */
async function downloadRate(port: number, count: number): Promise<number> {
  const path = `/v2/bench/http/blobs/${digestOf(blob)}`;
  const workers = Array.from({ length: downloads }, () => {
    const workerData: Downloads = { port, path, sizeBytes: blob.length };
    return new Worker(new URL('../download.ts', import.meta.url), { workerData });
  });
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    let left = count;
    const began = process.hrtime.bigint();
    await Promise.all(
      workers.map(async (worker) => {
        while (left-- > 0) {
          worker.postMessage('next');
          await once(worker, 'message');
        }
      }),
    );
    return (count * blob.length) / (Number(process.hrtime.bigint() - began) / 1e9);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function onPorts(measure: (port: number) => Promise<number>): Row['sides'] {
  return {
    berth: ({ registryPort }) => measure(registryPort.berth),
    'docker-registry': ({ registryPort }) => measure(registryPort.peer),
  };
}

const prepare = ({ registryPort }: Bench) =>
  Promise.all([pushImage(registryPort.berth), pushImage(registryPort.peer)]).then(() => {});

export const registryRows: Row[] = [
  {
    name: 'registry manifest requests',
    goal: 1.5,
    unit: '1/s',
    prepare,
    sides: onPorts((port) =>
      rate(3000, () => expectStatus(200, send(port, 'GET', '/v2/bench/http/manifests/x'))),
    ),
  },
  {
    name: 'registry blob download',
    goal: 1.5,
    unit: 'MB/s',
    prepare,
    sides: onPorts(async (port) => (await downloadRate(port, 32)) / 1e6),
  },
];
