import {
  conflict,
  type Digest,
  familiarReference,
  type Reference,
  shortId,
} from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { isRunning } from '../containers/state-view.ts';
import { referenceTo } from './find-image.ts';
import type { ImagePorts } from './ports.ts';

export interface DeletePlan {
  readonly untag: readonly Reference[];
  /** Whether the image itself goes too. */
  readonly remove: boolean;
}

export type Deletion = { Untagged: string } | { Deleted: string };

/**
 * What `docker rmi` takes away: one name, or all of an image whose last name that is, or that was
 * named by its id. `reference` is undefined for an id. Throws `conflict` in Docker's words.
 */
export function planDeletion(options: {
  image: LocalImage;
  reference: Reference | undefined;
  asked: string;
  containers: readonly Container[];
  force: boolean;
}): DeletePlan {
  const { image, reference, asked, force } = options;
  const users = options.containers.filter(({ imageId }) => imageId === image.id);
  const names = [...image.tags, ...image.repoDigests];
  if (!reference) {
    if (!force && image.tags.length > 1) {
      throw undeletable(image, 'must be forced', 'image is referenced in multiple repositories');
    }
    refuseUsed(image, users, force);
    return { untag: names, remove: true };
  }
  const [user] = users;
  if (!force && user && image.tags.length <= 1) {
    throw conflict(
      `conflict: unable to remove repository reference "${asked}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`,
    );
  }
  const same = (other: Reference) => familiarReference(other) === familiarReference(reference);
  const left = names.filter((name) => !same(name));
  // Digests of a repository go with its last tag.
  const repository = repositoryOf(reference);
  const orphans = left.some((name) => name.tag !== undefined && repositoryOf(name) === repository)
    ? []
    : left.filter((name) => repositoryOf(name) === repository);
  const remains = left.length - orphans.length > 0;
  const free = force ? !users.some(isRunning) : users.length === 0;
  return { untag: [reference, ...orphans], remove: !remains && free };
}

function refuseUsed(image: LocalImage, users: readonly Container[], force: boolean): void {
  const running = users.find(isRunning);
  if (running) {
    const why = `image is being used by running container ${shortId(running.id)}`;
    throw undeletable(image, 'cannot be forced', why);
  }
  const [stopped] = users;
  if (stopped && !force) {
    const why = `image is being used by stopped container ${shortId(stopped.id)}`;
    throw undeletable(image, 'must be forced', why);
  }
}

function undeletable({ id }: LocalImage, how: string, why: string) {
  return conflict(`conflict: unable to delete ${shortId(id)} (${how}) - ${why}`);
}

function repositoryOf({ domain, path }: Reference): string {
  return `${domain}/${path}`;
}

/** Carries a plan out and tells what went, in Docker's form. */
export async function carryOut(
  images: Pick<ImagePorts['images'], 'untag' | 'delete'>,
  id: Digest,
  plan: DeletePlan,
): Promise<Deletion[]> {
  const deletions: Deletion[] = [];
  for (const reference of plan.untag) {
    await images.untag(reference);
    deletions.push({ Untagged: familiarReference(reference) });
  }
  if (!plan.remove) return deletions;
  const { deleted } = await images.delete(id);
  for (const one of new Set<string>([id, ...deleted])) deletions.push({ Deleted: one });
  return deletions;
}

export async function deleteImage(ports: ImagePorts, request: ApiRequest): Promise<Reply> {
  const asked = request.params.name!;
  const image = await ports.images.resolve(asked);
  const plan = planDeletion({
    image,
    reference: referenceTo(image, asked),
    asked,
    containers: ports.containers.list(),
    force: request.query.flag('force'),
  });
  return json(await carryOut(ports.images, image.id, plan));
}
