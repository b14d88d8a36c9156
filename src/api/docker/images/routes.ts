import { invalid, parseReference } from '../../../core/index.ts';
import { empty, json, type Reply } from '../../http/reply.ts';
import { type ApiRequest, del, get, post, type Route } from '../../http/route.ts';
import { filtersOf } from '../filters.ts';
import { registryAuthOf } from '../registry-auth.ts';
import { importImage, loadImages, saveImages } from './archives.ts';
import { deleteImage } from './delete-image.ts';
import { historyView, imageView } from './image-view.ts';
import { listImages } from './list.ts';
import type { ImagePorts } from './ports.ts';
import { pruneImages } from './prune.ts';
import { pullImage } from './pull.ts';
import { pushImage } from './push.ts';

export function imageRoutes(ports: ImagePorts): Route[] {
  return [
    get('/images/json', (request) => listImages(ports, request)),
    get('/images/search', (request) => searchImages(ports, request)),
    get('/images/get', (request) => saveImages(ports, request, names(request))),
    post('/images/create', (request) => createImage(ports, request)),
    post('/images/load', (request) => loadImages(ports, request)),
    post('/images/prune', (request) => pruneImages(ports, request)),
    get('/images/:name+/json', (request) => inspectImage(ports, request)),
    get('/images/:name+/history', (request) => imageHistory(ports, request)),
    get('/images/:name+/get', (request) => saveImages(ports, request, [request.params.name!])),
    post('/images/:name+/tag', (request) => tagImage(ports, request)),
    post('/images/:name+/push', (request) => pushImage(ports, request)),
    del('/images/:name+', (request) => deleteImage(ports, request)),
    get('/distribution/:name+/json', (request) => describeRemote(ports, request)),
  ];
}

function createImage(ports: ImagePorts, request: ApiRequest): Reply {
  const { query } = request;
  if (query.text('fromImage') !== '') return pullImage(ports, request);
  if (query.text('fromSrc') !== '') return importImage(ports, request);
  throw invalid('create image: neither fromImage nor fromSrc is given');
}

async function inspectImage(ports: ImagePorts, { params, version }: ApiRequest): Promise<Reply> {
  const image = await ports.images.resolve(params.name!);
  return json(imageView(image, { layerPaths: ports.layerPaths(image), version }));
}

async function imageHistory({ images }: ImagePorts, { params }: ApiRequest): Promise<Reply> {
  return json(historyView(await images.resolve(params.name!)));
}

async function tagImage({ images }: ImagePorts, { params, query }: ApiRequest): Promise<Reply> {
  const { id } = await images.resolve(params.name!);
  const tag = query.text('tag');
  if (tag !== '' && !/^\w[\w.-]{0,127}$/.test(tag)) throw invalid('invalid tag format');
  const reference = parseReference(query.text('repo') + (tag === '' ? '' : `:${tag}`));
  if (reference.digest) throw invalid('refusing to create a tag with a digest reference');
  await images.tag(id, reference);
  return empty(201);
}

/** `names=a&names=b`, or one parameter with commas. */
function names({ query }: ApiRequest): string[] {
  return query.all('names').flatMap((text) => text.split(',').filter(Boolean));
}

async function searchImages({ transfers }: ImagePorts, request: ApiRequest): Promise<Reply> {
  const { query, headers, signal } = request;
  const filters = filtersOf(query).allow('is-automated', 'is-official', 'stars');
  const limit = query.integer('limit') ?? 25;
  if (limit < 1 || limit > 100) {
    throw invalid(`invalid limit: ${limit}: must be between 1 and 100`);
  }
  const stars = Math.max(0, ...filters.values('stars').map(Number));
  const auth = registryAuthOf(headers);
  const found = await transfers.search(query.text('term'), { limit, auth, signal });
  return json(
    found
      .filter(
        (one) => one.stars >= stars && filters.flag('is-official', one.official) === one.official,
      )
      .map(({ name, description, stars, official }) => ({
        star_count: stars,
        is_official: official,
        name,
        is_automated: false,
        description,
      })),
  );
}

async function describeRemote({ transfers }: ImagePorts, request: ApiRequest): Promise<Reply> {
  const { params, headers, signal } = request;
  const auth = registryAuthOf(headers);
  const found = await transfers.describe(parseReference(params.name!), { auth, signal });
  return json({ Descriptor: found.descriptor, Platforms: found.platforms });
}
