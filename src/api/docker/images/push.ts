import {
  type Digest,
  familiarReference,
  formatReference,
  notFound,
  parseReference,
  type Reference,
  shortId,
} from '../../../core/index.ts';
import type { TransferEvent } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import type { Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { progressReply, type SendProgress, transferMessage } from '../progress.ts';
import { registryAuthOf } from '../registry-auth.ts';
import type { ImagePorts } from './ports.ts';

/** `docker push`: one tag, or without one every tag of the repository on this machine. */
export function pushImage({ images, transfers }: ImagePorts, request: ApiRequest): Reply {
  const { params, query, headers, signal } = request;
  const name = parseReference(params.name!, { defaultTag: null });
  const tag = query.text('tag') || name.tag;
  const repository: Reference = { domain: name.domain, path: name.path };
  const auth = registryAuthOf(headers);
  return progressReply(async (send) => {
    send({ status: `The push refers to repository [${formatReference(repository)}]` });
    const wanted = tag === undefined ? undefined : { ...repository, tag };
    for (const [reference, image] of namesIn(await images.list(), repository, wanted)) {
      const onEvent = pushReporter(send);
      const options = { auth, onEvent, signal };
      const { digest, sizeBytes } = await transfers.push(image, reference, options);
      send({ status: `${reference.tag}: digest: ${digest} size: ${sizeBytes}` });
      const aux = { Tag: reference.tag, Digest: digest, Size: sizeBytes };
      send({ progressDetail: {}, aux });
    }
  });
}

/** The tags to push with their images. Throws `not-found` when there are none. */
function namesIn(
  images: readonly LocalImage[],
  repository: Reference,
  wanted: Reference | undefined,
): [Reference, LocalImage][] {
  const found = images.flatMap((image) =>
    image.tags
      .filter(({ domain, path }) => domain === repository.domain && path === repository.path)
      .map((reference): [Reference, LocalImage] => [reference, image]),
  );
  if (found.length === 0) {
    const name = familiarReference(repository);
    throw notFound(`An image does not exist locally with the tag: ${name}`);
  }
  if (!wanted) return found;
  const chosen = found.filter(([{ tag }]) => tag === wanted.tag);
  if (chosen.length === 0) throw notFound(`tag does not exist: ${familiarReference(wanted)}`);
  return chosen;
}

/** Tells a push in Docker's lines, the topmost layer first. */
export function pushReporter(send: SendProgress): (event: TransferEvent) => void {
  const layers = new Set<Digest>();
  const say = (status: string, blob: Digest) =>
    send({ status, progressDetail: {}, id: shortId(blob) });
  return (event) => {
    if (event.kind === 'plan') {
      for (const { digest } of event.layers.toReversed()) {
        layers.add(digest);
        say('Preparing', digest);
      }
      return;
    }
    const { blob } = event;
    if (!layers.has(blob)) return;
    switch (event.kind) {
      case 'exists':
        say('Layer already exists', blob);
        break;
      case 'progress': {
        const { doneBytes: current, totalBytes: total } = event;
        send(transferMessage('Pushing', { id: shortId(blob), current, total }), `push ${blob}`);
        break;
      }
      case 'retry':
        say(`Retrying: ${event.reason}`, blob);
        break;
      case 'done':
        say('Pushed', blob);
        break;
      case 'waiting':
        break;
    }
  };
}
