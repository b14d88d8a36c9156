import { invalid } from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { type Filters, filtersOf } from '../filters.ts';
import { portSummaries } from './network-view.ts';
import type { ContainerPorts } from './ports.ts';
import { isRunning, stateNames } from './state-view.ts';
import { containerSummary, imageNamer } from './summary.ts';

export async function listContainers(ports: ContainerPorts, request: ApiRequest): Promise<Reply> {
  const { query } = request;
  const limit = query.integer('limit') ?? 0;
  const filters = readFilters(query);
  const chosen = await chooseContainers(ports, filters, {
    all: query.flag('all') || limit > 0,
  });
  const listed = limit > 0 ? chosen.slice(0, limit) : chosen;
  const nameImage = imageNamer(ports.images);
  const insight = query.flag('size') ? ports.insight : undefined;
  const nowMs = Date.now();
  return json(
    await Promise.all(
      listed.map(async (container) =>
        containerSummary(container, { imageName: await nameImage(container), insight, nowMs }),
      ),
    ),
  );
}

const healthNames = ['none', 'starting', 'healthy', 'unhealthy'];

function readFilters(query: ApiRequest['query']): Filters {
  const filters = filtersOf(query).allow(
    ...['ancestor', 'before', 'exited', 'expose', 'health', 'id', 'is-task', 'isolation', 'label'],
    ...['name', 'network', 'publish', 'since', 'status', 'volume'],
  );
  for (const status of filters.values('status')) {
    if (!stateNames.some((name) => name === status)) {
      throw invalid(
        `invalid filter 'status=${status}': invalid value for state (${status}): must be one of ${stateNames.join(', ')}`,
      );
    }
  }
  for (const health of filters.values('health')) {
    if (!healthNames.includes(health)) {
      throw invalid(
        `invalid filter 'health=${health}': invalid value for health (${health}): must be one of ${healthNames.join(', ')}`,
      );
    }
  }
  for (const code of filters.values('exited')) {
    if (!/^[+-]?\d+$/.test(code)) {
      throw invalid(
        `invalid filter 'exited=${code}': strconv.Atoi: parsing ${JSON.stringify(code)}: invalid syntax`,
      );
    }
  }
  return filters;
}

/** Containers that pass, newest first. Filters that look back in time imply `all`. */
async function chooseContainers(
  { containers, images }: ContainerPorts,
  filters: Filters,
  { all }: { all: boolean },
): Promise<Container[]> {
  const edge = (name: 'before' | 'since') => filters.values(name).map((ref) => containers.get(ref));
  const [before] = edge('before');
  const [since] = edge('since');
  const ancestors = await descendantsOf(images, filters);
  const exposed = portRanges(filters, 'expose');
  const published = portRanges(filters, 'publish');
  const everything = all || before || since || filters.has('status') || filters.has('exited');
  return containers
    .list()
    .filter(
      (container) =>
        (everything || isRunning(container)) &&
        (!before || olderFirst(container, before) < 0) &&
        (!since || olderFirst(since, container) < 0) &&
        (!ancestors || ancestors.has(container.imageId)) &&
        passes(filters, container) &&
        ((!exposed && !published) || hasPort(container, { exposed, published })),
    )
    .sort((a, b) => olderFirst(b, a));
}

function olderFirst(a: Container, b: Container): number {
  return a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function passes(filters: Filters, container: Container): boolean {
  const { state, config, health, mounts, endpoints } = container;
  return (
    (filters.pattern('name', container.name) || filters.pattern('name', `/${container.name}`)) &&
    filters.pattern('id', container.id) &&
    filters.labels('label', config.Labels) &&
    filters.exact('status', state.kind) &&
    filters.exact('health', health?.status ?? 'none') &&
    filters.some('isolation', (value) => value === '' || value === 'default') &&
    !filters.flag('is-task', false) &&
    filters.some('exited', (code) => 'exit' in state && state.exit?.code === Number(code)) &&
    filters.some('volume', (value) =>
      mounts.some(
        ({ name, source, destination }) =>
          value === (name ?? source) || value.replace(/(.)\/+$/, '$1') === destination,
      ),
    ) &&
    filters.some('network', (value) =>
      Object.entries(endpoints).some(
        ([name, { NetworkID = '' }]) =>
          value === name || (value !== '' && NetworkID.startsWith(value)),
      ),
    )
  );
}

/** Ids of the images that an `ancestor` names or that stand on its layers. */
async function descendantsOf(
  images: ContainerPorts['images'],
  filters: Filters,
): Promise<Set<string> | undefined> {
  if (!filters.has('ancestor')) return undefined;
  const found = await Promise.all(
    filters.values('ancestor').map((name) => images.resolve(name).catch(() => undefined)),
  );
  const ancestors = found.filter((image) => image !== undefined);
  const ids = new Set<string>(ancestors.map(({ id }) => id));
  if (ancestors.length === 0) return ids;
  for (const image of await images.list()) {
    const layers = image.config.rootfs.diff_ids;
    const descends = ancestors.some(({ config: { rootfs } }) => {
      const below = rootfs.diff_ids;
      return below.length > 0 && below.every((diffId, index) => layers[index] === diffId);
    });
    if (descends) ids.add(image.id);
  }
  return ids;
}

interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly type: string;
}

/** `80`, `8000-8080/udp`. Throws `invalid`. */
function portRanges(filters: Filters, name: 'expose' | 'publish'): PortRange[] | undefined {
  if (!filters.has(name)) return undefined;
  return filters.values(name).map((text) => {
    const range = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
    if (!range) throw invalid(`error while looking up for ${name} ${text}: invalid port`);
    const [, first, last = first, type = 'tcp'] = range;
    return { first: Number(first), last: Number(last), type: type.toLowerCase() };
  });
}

function hasPort(
  container: Container,
  { exposed = [], published = [] }: { exposed?: PortRange[]; published?: PortRange[] },
): boolean {
  const within = (ranges: PortRange[], port: number | undefined, type: string) =>
    port !== undefined &&
    ranges.some((range) => range.type === type && port >= range.first && port <= range.last);
  return portSummaries(container).some(
    ({ PrivatePort, PublicPort, Type }) =>
      within(exposed, PrivatePort, Type) || within(published, PublicPort, Type),
  );
}
