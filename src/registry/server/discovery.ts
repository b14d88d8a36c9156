import { setImmediate as nextTurn } from 'node:timers/promises';
import { notFound, parseDigest } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import type { RepositoryName } from '../repository-name.ts';
import { countOf, type Exchange } from './exchange.ts';
import type { Handler } from './routes.ts';
import type { Referrer, RegistryStorage } from './storage.ts';

const longestPage = 1000;
/** As for manifests: clients need not take more than 4 MiB. */
const referrersLimitBytes = 3.5 * 1024 * 1024;

/** Lists of tags, repositories and referrers, in pages linked by RFC 8288 headers. */
export function discoveryHandlers({
  catalog,
  manifests,
}: RegistryStorage): Record<'tags' | 'repositories' | 'referrers', Handler> {
  async function tags({ reply, repository, query }: Exchange): Promise<void> {
    const limit = countOf(query, 'n', longestPage);
    const found = await catalog.tags(repository, {
      after: query.get('last') ?? undefined,
      limit: limit + 1,
    });
    if (!found) {
      throw notFound(`list tags: there is no repository ${repository}`, { code: 'NAME_UNKNOWN' });
    }
    const page = found.slice(0, limit);
    if (found.length > limit && limit > 0) {
      linkNext(reply, `/v2/${repository}/tags/list`, { n: String(limit), last: page.at(-1)! });
    }
    reply.send({ name: repository, tags: page });
  }

  async function repositories({ reply, query, may }: Exchange): Promise<void> {
    const limit = countOf(query, 'n', longestPage);
    const visible: RepositoryName[] = [];
    let after = query.get('last') ?? undefined;
    while (visible.length <= limit) {
      const batch = await catalog.repositories({ after, limit: longestPage });
      for (const name of batch) {
        if (await may({ type: 'repository', name, action: 'pull' })) visible.push(name);
      }
      after = batch.at(-1);
      if (batch.length < longestPage) break;
      // Of very many, few may be for this caller; others get their turn meanwhile.
      await nextTurn();
    }
    const page = visible.slice(0, limit);
    if (visible.length > limit && limit > 0) {
      linkNext(reply, '/v2/_catalog', { n: String(limit), last: page.at(-1)! });
    }
    reply.send({ repositories: page });
  }

  async function referrers({ reply, repository, reference, query }: Exchange): Promise<void> {
    const subject = parseDigest(reference);
    const artifactType = query.get('artifactType') || undefined;
    const limit = countOf(query, 'n', longestPage);
    const found = await manifests.referrers(repository, subject, {
      after: query.get('last') ?? undefined,
      limit: limit + 1,
      artifactType,
    });
    const { entries, complete } = referrersPage(found, limit);
    if (artifactType) reply.header('oci-filters-applied', 'artifactType');
    if (!complete && entries.length > 0) {
      const last = entries.at(-1)!.digest;
      linkNext(reply, `/v2/${repository}/referrers/${subject}`, {
        ...(artifactType !== undefined && { artifactType }),
        n: String(limit),
        last,
      });
    }
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries };
    reply.header('content-type', mediaTypes.ociIndex).send(Buffer.from(JSON.stringify(index)));
  }

  return { tags, repositories, referrers };
}

/** As many descriptors as fit into one page, at least one. */
function referrersPage(found: readonly Referrer[], limit: number) {
  const entries = [];
  let sizeBytes = 0;
  for (const { digest, mediaType, sizeBytes: size, artifactType, annotations } of found) {
    if (entries.length === limit) break;
    const descriptor = { mediaType, digest, size, artifactType, annotations };
    sizeBytes += JSON.stringify(descriptor).length;
    if (sizeBytes > referrersLimitBytes && entries.length > 0) break;
    entries.push(descriptor);
  }
  return { entries, complete: entries.length === found.length };
}

function linkNext(
  reply: Exchange['reply'],
  path: string,
  parameters: { n: string; last: string; artifactType?: string },
): void {
  reply.header('link', `<${path}?${new URLSearchParams({ ...parameters })}>; rel="next"`);
}
