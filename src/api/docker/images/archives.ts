import { Readable } from 'node:stream';
import {
  type ByteStream,
  familiarReference,
  invalid,
  isIdPrefix,
  notFound,
  parseReference,
  type Reference,
  shortId,
  unavailable,
} from '../../../core/index.ts';
import type { TransferEvent } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { bytes, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { platformParameter } from '../platform.ts';
import { progressReply, type SendProgress, transferMessage } from '../progress.ts';
import { referenceTo } from './find-image.ts';
import type { ImagePorts } from './ports.ts';

/** `docker import`: an image of one layer from the files of a tar, sent or fetched. */
export function importImage({ archives }: ImagePorts, request: ApiRequest): Reply {
  const { query, signal } = request;
  const source = query.text('fromSrc');
  const repository = query.text('repo');
  const tag = query.text('tag') || 'latest';
  const reference = repository === '' ? undefined : importedReference(repository, tag);
  const platform = platformOf(query);
  return progressReply(async (send) => {
    const archive = source === '-' ? request.body : await download(source, { send, signal });
    const id = await archives.importFiles(archive, {
      reference,
      message: query.text('message') || `Imported from ${source}`,
      changes: query.all('changes'),
      platform,
      signal,
    });
    send({ status: id });
  });
}

function importedReference(repository: string, tag: string): Reference {
  const reference = parseReference(repository, { defaultTag: null });
  if (reference.digest) throw invalid('cannot import digest reference');
  return reference.tag === undefined ? { ...reference, tag } : reference;
}

function platformOf(query: ApiRequest['query']) {
  const text = query.text('platform');
  return text === '' ? undefined : platformParameter(text);
}

async function download(
  source: string,
  { send, signal }: { send: SendProgress; signal: AbortSignal },
): Promise<ByteStream> {
  const address = /^[a-z]+:\/\//i.test(source) ? source : `http://${source}`;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) {
    throw invalid(`import from "${source.slice(0, 200)}": not "-" or an http address`);
  }
  const response = await fetch(address, { signal }).catch((cause: unknown) => {
    throw unavailable(`Get "${address}": ${(cause as Error).message}`, { cause });
  });
  if (!response.ok || !response.body) {
    throw unavailable(`import from ${address}: the server answered ${response.status}`);
  }
  send({ status: `Downloading from ${address}` });
  return Readable.fromWeb(response.body);
}

/** `docker load`. */
export function loadImages({ archives }: ImagePorts, request: ApiRequest): Reply {
  const { query, body, signal } = request;
  const quiet = query.flag('quiet');
  const platform = platformOf(query);
  return progressReply(async (send) => {
    const onEvent = quiet ? () => {} : loadReporter(send);
    for (const { id, references } of await archives.load(body, { platform, onEvent, signal })) {
      if (references.length === 0) send({ stream: `Loaded image ID: ${id}\n` });
      for (const reference of references) {
        send({ stream: `Loaded image: ${familiarReference(reference)}\n` });
      }
    }
  });
}

function loadReporter(send: SendProgress): (event: TransferEvent) => void {
  return (event) => {
    if (event.kind !== 'progress') return;
    const { blob, doneBytes: current, totalBytes: total } = event;
    const id = shortId(blob);
    send(transferMessage('Loading layer', { id, current, total }), `load ${blob}`);
  };
}

/** `docker save`: the images named, each by the names that were meant. */
export async function saveImages(
  { images, archives }: ImagePorts,
  request: ApiRequest,
  names: readonly string[],
): Promise<Reply> {
  if (names.length === 0) throw invalid('no image was named to be saved');
  const all = await images.list();
  const chosen = new Map<string, { image: LocalImage; references: Reference[] }>();
  for (const name of names) {
    for (const { image, references } of await meantBy(images, all, name)) {
      const known = chosen.get(image.id) ?? { image, references: [] };
      known.references.push(...references);
      chosen.set(image.id, known);
    }
  }
  const options = { platform: platformOf(request.query), signal: request.signal };
  return bytes(archives.save([...chosen.values()], options), 'application/x-tar');
}

/** A name without tag means every tag of its repository, as Docker takes it. */
async function meantBy(
  images: ImagePorts['images'],
  all: readonly LocalImage[],
  name: string,
): Promise<{ image: LocalImage; references: Reference[] }[]> {
  const repository = isIdPrefix(name) ? undefined : parseReference(name, { defaultTag: null });
  if (!repository || repository.tag !== undefined || repository.digest !== undefined) {
    const image = await images.resolve(name);
    const reference = referenceTo(image, name);
    return [{ image, references: reference?.tag === undefined ? [] : [reference] }];
  }
  const found = all
    .map((image) => ({
      image,
      references: image.tags.filter(
        ({ domain, path }) => domain === repository.domain && path === repository.path,
      ),
    }))
    .filter(({ references }) => references.length > 0);
  if (found.length === 0) throw notFound(`No such image: ${name}`);
  return found;
}
