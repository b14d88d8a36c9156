import assert from 'node:assert/strict';
import type { Digest } from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import type { TransferEvent } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { sampleContainer } from '../containers/sample-container.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import type { ProgressMessage } from '../progress.ts';
import type { ImagePorts } from './ports.ts';
import { imageRoutes } from './routes.ts';
import { sampleImage, sampleStore } from './sample-images.ts';

export const manifest = `sha256:${'9'.repeat(64)}` as Digest;
export const layer = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;

export const web = sampleImage('a', {
  tags: ['web:2', 'reg:5000/team/web:2'],
  digests: [`reg:5000/team/web@${manifest}`],
  layers: [
    ['1', 100],
    ['2', 50],
  ],
  created: '2026-03-01T00:00:00Z',
  labels: { tier: 'front' },
});
export const base = sampleImage('b', { tags: ['base'], created: '2026-01-01T00:00:00Z' });
export const dangling = sampleImage('c', {
  layers: [['3', 7]],
  created: '2026-02-01T00:00:00Z',
  parent: 'd',
});
export const middle = sampleImage('d', { layers: [['4', 1]], created: '2026-02-01T00:00:00Z' });
export const all = [web, base, dangling, middle];

export function user(image: LocalImage, state: Container['state']): Container {
  return { ...sampleContainer, imageId: image.id, state };
}
export const running = (image: LocalImage) =>
  user(image, { kind: 'running', startedAtMs: 0, pid: 1 });
export const stopped = (image: LocalImage) => user(image, { kind: 'created' });
export const short = sampleContainer.id.slice(0, 12);

/** What stands in for the parts of the daemon; what is left out does nothing. */
export interface Fakes {
  images?: LocalImage[];
  users?: Container[];
  transfers?: Partial<ImagePorts['transfers']>;
  archives?: Partial<ImagePorts['archives']>;
}

/** An API of the image routes and nothing else. */
export async function serve({ images = all, users = [], ...over }: Fakes = {}) {
  const ports = {
    images: sampleStore(images),
    containers: { list: () => users },
    transfers: over.transfers ?? {},
    archives: over.archives ?? {},
    layerPaths: () => ['/l1', '/l2'],
  } as unknown as ImagePorts;
  const table = dockerTable({ version: '0.1.0', routes: imageRoutes(ports) });
  return await serveApi({ tables: [table], notFound: pageNotFound });
}

/** The progress that a request is answered with. */
export async function messages(api: ServedApi, path: string, headers: Record<string, string> = {}) {
  const { status, body } = await api.ask('POST', path, { headers });
  assert.equal(status, 200, body);
  return body
    .split('\r\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ProgressMessage);
}

/** Messages as the docker client prints them without a terminal. */
export const printed = (list: ProgressMessage[]) =>
  list.map(({ id, status, stream, error }) => (id ? `${id}: ` : '') + (status ?? stream ?? error));

/** What a copy of an image tells. */
export function transferEvents(): TransferEvent[] {
  const descriptor = (letter: string) => ({ mediaType: 'x', digest: layer(letter), size: 94 });
  const root = { descriptor: descriptor('9'), bytes: Buffer.from('') };
  const layers = [descriptor('1'), descriptor('2')];
  const configs = [descriptor('8')];
  return [
    { kind: 'plan', root, copied: root, configs, layers },
    { kind: 'waiting', blob: layer('8') },
    { kind: 'waiting', blob: layer('1') },
    { kind: 'exists', blob: layer('1') },
    { kind: 'progress', blob: layer('8'), doneBytes: 1, totalBytes: 2 },
    { kind: 'done', blob: layer('8') },
    { kind: 'progress', blob: layer('2'), doneBytes: 47, totalBytes: 94 },
    { kind: 'retry', blob: layer('2'), attempt: 1, reason: 'cut' },
    { kind: 'done', blob: layer('2') },
  ];
}
