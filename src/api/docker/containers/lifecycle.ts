import { invalid } from '../../../core/index.ts';
import type { Containers, HostConfig } from '../../../engine/index.ts';
import { empty, json, jsonLines, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { filtersOf } from '../filters.ts';
import { parseTimestamp } from '../timestamp.ts';
import { checkRestartPolicy, checkSignal } from './check-request.ts';
import { checkResources } from './check-resources.ts';
import { updateChange } from './container-shape.ts';
import type { ContainerPorts } from './ports.ts';
import { isRunning } from './state-view.ts';

const idOf = (request: ApiRequest) => request.params.id!;

/** 204, or 304 when the container was there already. */
export async function startContainer(containers: Containers, request: ApiRequest): Promise<Reply> {
  const { changed } = await containers.start(idOf(request));
  return empty(changed ? 204 : 304);
}

export async function stopContainer(containers: Containers, request: ApiRequest): Promise<Reply> {
  const { changed } = await containers.stop(idOf(request), stopOptions(request));
  return empty(changed ? 204 : 304);
}

export async function restartContainer(
  containers: Containers,
  request: ApiRequest,
): Promise<Reply> {
  await containers.restart(idOf(request), stopOptions(request));
  return empty(204);
}

function stopOptions({ query }: ApiRequest): { timeoutS?: number; signal?: string } {
  const signal = query.text('signal') || undefined;
  if (signal !== undefined) checkSignal(signal);
  return { timeoutS: query.integer('t'), signal };
}

export async function killContainer(containers: Containers, request: ApiRequest): Promise<Reply> {
  const signal = request.query.text('signal') || undefined;
  if (signal !== undefined) {
    try {
      checkSignal(signal);
    } catch (cause) {
      throw invalid(`cannot kill container: ${idOf(request)}: invalid signal: ${signal}`, {
        cause,
      });
    }
  }
  await containers.kill(idOf(request), signal);
  return empty(204);
}

export async function removeContainer(containers: Containers, request: ApiRequest): Promise<Reply> {
  const { query } = request;
  if (query.flag('link')) {
    throw invalid(`remove link ${idOf(request)}: links go with their container`);
  }
  await containers.remove(idOf(request), { force: query.flag('force'), volumes: query.flag('v') });
  return empty(204);
}

export async function renameContainer(containers: Containers, request: ApiRequest): Promise<Reply> {
  const name = request.query.text('name').replace(/^\//, '');
  if (name === '') throw invalid('Neither old nor new names may be empty');
  await containers.rename(idOf(request), name);
  return empty(204);
}

export async function updateContainer(ports: ContainerPorts, request: ApiRequest): Promise<Reply> {
  const change: Partial<HostConfig> = updateChange(await request.json(), '') ?? {};
  checkResources(change, ports.cpus);
  checkRestartPolicy(change);
  const { warnings } = await ports.containers.update(idOf(request), change);
  return json({ Warnings: warnings.length > 0 ? warnings : null });
}

const waitConditions = ['not-running', 'next-exit', 'removed'] as const;

/**
 * Answers at once and ends with the exit: a client that sees the status knows that the daemon
 * watches, and only then starts the container.
 */
export function waitForContainer(containers: Containers, request: ApiRequest): Reply {
  const asked = request.query.text('condition') || 'not-running';
  const condition = waitConditions.find((name) => name === asked);
  if (condition === undefined) throw invalid(`invalid condition: "${asked}"`);
  const { id } = containers.get(idOf(request));
  const exit = containers.wait(id, condition, request.signal);
  exit.catch(() => {});
  async function* once() {
    const { code, error } = await exit;
    yield error ? { StatusCode: code, Error: { Message: error } } : { StatusCode: code };
  }
  return jsonLines(once());
}

/** `docker container prune`: removes what does not run and passes the filters. */
export async function pruneContainers(
  { containers, insight }: Pick<ContainerPorts, 'containers' | 'insight'>,
  request: ApiRequest,
): Promise<Reply> {
  const filters = filtersOf(request.query).allow('until', 'label', 'label!');
  const [until, more] = filters.values('until');
  if (more !== undefined) throw invalid('more than one until filter specified');
  const untilMs = parseTimestamp(until ?? '');
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const container of containers.list()) {
    const labels = container.config.Labels;
    const keep =
      isRunning(container) ||
      (untilMs !== undefined && container.createdAtMs > untilMs) ||
      !filters.labels('label', labels) ||
      (filters.has('label!') && filters.labels('label!', labels));
    if (keep) continue;
    if (request.signal.aborted) break;
    const { writtenBytes } = await insight.sizes(container.id);
    await containers.remove(container.id);
    deleted.push(container.id);
    reclaimedBytes += writtenBytes;
  }
  return json({
    ContainersDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: reclaimedBytes,
  });
}
