import {
  type Digest,
  familiarReference,
  parseReference,
  type Reference,
  shortId,
} from '../../../core/index.ts';
import type { TransferEvent } from '../../../image/index.ts';
import type { Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { platformParameter } from '../platform.ts';
import { progressReply, type SendProgress, transferMessage } from '../progress.ts';
import { registryAuthOf } from '../registry-auth.ts';
import type { ImagePorts } from './ports.ts';

/** `docker pull`: one name, or without a tag every tag of a repository. */
export function pullImage({ transfers }: ImagePorts, request: ApiRequest): Reply {
  const { query, headers, signal } = request;
  const reference = pulledReference(query.text('fromImage'), query.text('tag'));
  const platform = query.text('platform') ? platformParameter(query.text('platform')) : undefined;
  const auth = registryAuthOf(headers);
  return progressReply(async (send) => {
    let upToDate = true;
    const pull = async (one: Reference) => {
      const onEvent = pullReporter(one, send);
      const { digest, changed } = await transfers.pull(one, { platform, auth, onEvent, signal });
      onEvent.finished({ changed });
      send({ status: `Digest: ${digest}` });
      if (changed) upToDate = false;
    };
    if (reference.tag !== undefined || reference.digest !== undefined) await pull(reference);
    else {
      for (const tag of await transfers.tags(reference, { auth, signal })) {
        await pull({ ...reference, tag });
      }
    }
    const what = upToDate ? 'Image is up to date' : 'Downloaded newer image';
    send({ status: `Status: ${what} for ${familiarReference(reference)}` });
  });
}

/** `tag` may hold a tag or a digest. */
export function pulledReference(image: string, tag: string): Reference {
  if (tag === '') return parseReference(image, { defaultTag: null });
  return parseReference(image + (tag.includes(':') ? `@${tag}` : `:${tag}`));
}

/**
 * Tells a pull in Docker's lines. A layer is first named when something happens to it; those that
 * exist are only worth a line when the name turns out to mean another image than before.
 */
export function pullReporter(
  reference: Reference,
  send: SendProgress,
): ((event: TransferEvent) => void) & { finished(result: { changed: boolean }): void } {
  let existing: Digest[] = [];
  const layers = new Map<Digest, 'unseen' | 'begun' | 'over'>();
  let announced = false;
  const announce = () => {
    if (announced) return;
    announced = true;
    send({ status: `Pulling from ${reference.path}`, id: reference.tag ?? reference.digest });
  };
  const say = (status: string, blob: Digest) =>
    send({ status, progressDetail: {}, id: shortId(blob) });
  const tellExisting = () => {
    for (const blob of existing) say('Already exists', blob);
    existing = [];
  };
  const begin = (blob: Digest) => {
    tellExisting();
    if (layers.get(blob) === 'unseen') say('Pulling fs layer', blob);
    layers.set(blob, 'begun');
  };
  const onEvent = (event: TransferEvent) => {
    announce();
    if (event.kind === 'plan') {
      for (const { digest } of event.layers) layers.set(digest, 'unseen');
      return;
    }
    const { blob } = event;
    const state = layers.get(blob);
    if (state === undefined || state === 'over') return;
    switch (event.kind) {
      case 'exists':
        existing.push(blob);
        layers.set(blob, 'over');
        break;
      case 'progress': {
        begin(blob);
        const { doneBytes: current, totalBytes: total } = event;
        send(
          transferMessage('Downloading', { id: shortId(blob), current, total }),
          `download ${blob}`,
        );
        break;
      }
      case 'retry':
        begin(blob);
        say(`Retrying: ${event.reason}`, blob);
        break;
      case 'done':
        begin(blob);
        say('Verifying Checksum', blob);
        say('Download complete', blob);
        say('Pull complete', blob);
        layers.set(blob, 'over');
        break;
      case 'waiting':
        break;
    }
  };
  return Object.assign(onEvent, {
    finished({ changed }: { changed: boolean }) {
      announce();
      if (changed) tellExisting();
    },
  });
}
