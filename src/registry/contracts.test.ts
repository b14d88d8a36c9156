import { imageSinkContract } from '../../test/contract/image-sink.ts';
import { imageSourceContract } from '../../test/contract/image-source.ts';
import { parseReference } from '../core/index.ts';
import { copyImage, imageSource } from '../image/index.ts';
import {
  createRegistryClient,
  createRegistryServer,
  memoryStorage,
  openAccess,
  openLocalRegistry,
  registrySink,
  registrySource,
} from './index.ts';

const repository = async () => {
  const server = createRegistryServer({
    storage: memoryStorage(),
    access: openAccess,
    onError: (error) => {
      throw error;
    },
  });
  const host = await server.listen('127.0.0.1:0');
  const client = createRegistryClient({ pause: async () => {} });
  return {
    client,
    at: (tag: string) => parseReference(`${host}/team/sample:${tag}`),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close({ graceMs: 0 });
    },
  };
};

imageSinkContract('registry', async () => {
  const { client, at, ...disposable } = await repository();
  return {
    ...disposable,
    sink: registrySink(client, at('any')),
    readBack: async (tag) => registrySource(client, at(tag)),
  };
});

imageSourceContract('registry', async (image) => {
  const { client, at, ...disposable } = await repository();
  const sink = registrySink(client, at('one'));
  await copyImage({ source: imageSource(image), sink, allPlatforms: true, tags: ['one'] });
  return { ...disposable, source: registrySource(client, at('one')) };
});

const local = () => openLocalRegistry({ storage: memoryStorage(), access: openAccess });
const at = (tag: string) => parseReference(`localhost:5000/team/sample:${tag}`);
const nothing = { async [Symbol.asyncDispose]() {} };

imageSinkContract('local registry', async () => {
  const registry = local();
  const readBack = async (tag: string) => registry.source(at(tag));
  return { ...nothing, sink: registry.sink(at('any')), readBack };
});

imageSourceContract('local registry', async (image) => {
  const registry = local();
  const sink = registry.sink(at('one'));
  await copyImage({ source: imageSource(image), sink, allPlatforms: true, tags: ['one'] });
  return { ...nothing, source: registry.source(at('one')) };
});
