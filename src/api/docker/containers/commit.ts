import { parseReference } from '../../../core/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { containerConfig } from './container-shape.ts';
import type { ContainerPorts } from './ports.ts';

/** `docker commit`: an image of a container's files and configuration. */
export async function commitContainer(
  { commit, containers }: Pick<ContainerPorts, 'commit' | 'containers'>,
  request: ApiRequest,
): Promise<Reply> {
  const { query } = request;
  const container = containers.get(query.text('container'));
  const repository = query.text('repo');
  const tag = query.text('tag') || 'latest';
  const config = containerConfig(await request.json({ optional: true }), '');
  const id = await commit({
    container: container.id,
    reference: repository === '' ? undefined : parseReference(`${repository}:${tag}`),
    author: query.text('author'),
    comment: query.text('comment'),
    changes: query.all('changes').flatMap((text) => text.split('\n').filter(Boolean)),
    pause: query.flag('pause', true),
    config: config && Object.keys(config).length > 0 ? config : undefined,
  });
  return json({ Id: id }, 201);
}
