import { type Digest, notFound, streamOf } from '../../../core/index.ts';
import type { ContainerFiles } from '../../../engine/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import { execHijacks, execRoutes } from '../exec/routes.ts';
import { FakeEngine } from './fake-engine.ts';
import type { ContainerPorts } from './ports.ts';
import { containerHijacks, containerRoutes } from './routes.ts';
import { sampleContainer, sampleInsight } from './sample-container.ts';

/** Files of a container, pretended. */
export const files: ContainerFiles = {
  async stat(ref, path) {
    if (path === '/nope') throw notFound(`Could not find the file ${path} in container ${ref}`);
    return {
      name: 'etc',
      size: 4096,
      mode: 0x800001ed,
      mtime: '2026-01-01T00:00:00Z',
      linkTarget: '',
    };
  },
  read: async (ref, path) => ({ stat: await files.stat(ref, path), archive: streamOf('a tar') }),
  write: async () => {},
  export: async () => streamOf('all ', 'files'),
};

const imageOf = (id: string, layers: string[]) =>
  ({
    id: id as Digest,
    config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers } },
  }) as unknown as LocalImage;
const images = new Map([
  ['busybox', imageOf(sampleContainer.imageId, ['l1'])],
  ['child', imageOf('sha256:c', ['l1', 'l2'])],
  ['other', imageOf('sha256:o', ['l9'])],
]);

/** Docker's API over a pretended engine. */
export async function serve(
  over: Partial<ContainerPorts> = {},
): Promise<ServedApi & { engine: FakeEngine }> {
  const engine = new FakeEngine();
  const ports: ContainerPorts = {
    containers: engine.containers,
    streams: engine.streams,
    files,
    images: {
      async resolve(name) {
        const found = images.get(name);
        if (!found) throw notFound(`No such image: ${name}`);
        return found;
      },
      list: async () => [...images.values()],
    },
    insight: sampleInsight,
    commit: async () => 'sha256:new' as Digest,
    decompress: (stream) => stream,
    cpus: 2,
    ...over,
  };
  const table = dockerTable({
    version: '0.1.0',
    routes: [...containerRoutes(ports), ...execRoutes(engine.streams)],
    hijacks: [...containerHijacks(ports), ...execHijacks(engine.streams)],
  });
  const api = await serveApi({ tables: [table], notFound: pageNotFound });
  return { ...api, engine, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

export const json = { 'content-type': 'application/json' };
/** Makes a container, gives its id. */
export const created = async (api: ServedApi, name: string, body: object) =>
  (await api.askJson<{ Id: string }>('POST', `/containers/create?name=${name}`, body)).Id;
