import { errorKind, invalid } from '../../../core/index.ts';
import type { EndpointSettings, Network, NetworkCreateRequest } from '../../../engine/index.ts';
import { array, boolean, map, object, string } from '../../http/decode.ts';
import { empty, json, type Reply } from '../../http/reply.ts';
import { type ApiRequest, del, get, post, type Route } from '../../http/route.ts';
import { endpointSettings } from '../containers/container-shape.ts';
import { type Filters, filtersOf } from '../filters.ts';
import { parseTimestamp } from '../timestamp.ts';
import { networkView } from './network-view.ts';
import type { NetworkPorts } from './ports.ts';

export function networkRoutes(ports: NetworkPorts): Route[] {
  const { networks } = ports;
  return [
    get('/networks', (request) => listNetworks(ports, request)),
    get('/networks/:id', (request) => inspectNetwork(ports, request)),
    post('/networks/create', (request) => createNetwork(ports, request)),
    post('/networks/prune', (request) => pruneNetworks(ports, request)),
    post('/networks/:id/connect', (request) => connect(ports, request)),
    post('/networks/:id/disconnect', (request) => disconnect(ports, request)),
    del('/networks/:id', async ({ params }) => {
      await networks.remove(params.id!);
      return empty(204);
    }),
  ];
}

const builtIn = new Set(['bridge', 'host', 'none']);

function listNetworks({ networks }: NetworkPorts, { query }: ApiRequest): Reply {
  const filters = filtersOf(query).allow(
    ...['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'],
  );
  for (const type of filters.values('type')) {
    if (type !== 'custom' && type !== 'builtin') throw invalid(`invalid filter: 'type'='${type}'`);
  }
  const unused = new Set(networks.unused().map(({ id }) => id));
  const dangling = filters.has('dangling') ? filters.flag('dangling', true) : undefined;
  return json(
    networks
      .list()
      .filter(
        (network) =>
          passes(filters, network) &&
          (dangling === undefined || unused.has(network.id) === dangling),
      )
      .map((network) => networkView(network, { withContainers: false })),
  );
}

function passes(filters: Filters, { id, name, driver, labels }: Network): boolean {
  return (
    filters.pattern('name', name) &&
    filters.pattern('id', id) &&
    filters.exact('driver', driver) &&
    filters.exact('scope', 'local') &&
    filters.labels('label', labels) &&
    filters.exact('type', builtIn.has(name) ? 'builtin' : 'custom')
  );
}

function inspectNetwork({ networks }: NetworkPorts, { params, query }: ApiRequest): Reply {
  const scope = query.text('scope');
  const network = networks.get(params.id!);
  if (scope !== '' && scope !== 'local') throw invalid(`network ${params.id} not found`);
  return json(networkView(network));
}

interface CreateBody {
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigOnly: boolean;
  EnableIPv6: boolean;
  Options: Record<string, string>;
  Labels: Record<string, string>;
  IPAM: IpamBody;
}

interface IpamBody {
  Driver: string;
  Options: Record<string, string>;
  Config: { Subnet: string; Gateway: string; IPRange: string }[];
}

const createBody = object<CreateBody>({
  Name: string,
  Driver: string,
  Scope: string,
  Internal: boolean,
  Attachable: boolean,
  Ingress: boolean,
  ConfigOnly: boolean,
  EnableIPv6: boolean,
  Options: map(string),
  Labels: map(string),
  IPAM: object<IpamBody>({
    Driver: string,
    Options: map(string),
    Config: array(
      object<IpamBody['Config'][number]>({ Subnet: string, Gateway: string, IPRange: string }),
    ),
  }),
});

async function createNetwork({ networks }: NetworkPorts, request: ApiRequest): Promise<Reply> {
  const body: Partial<CreateBody> = createBody(await request.json(), '') ?? {};
  if ((body.Scope || 'local') !== 'local' || body.Ingress || body.ConfigOnly) {
    throw invalid(
      `create network ${body.Name ?? ''}: only local networks, without configuration of others`,
    );
  }
  const { id, warning } = await networks.create(createRequest(body));
  return json({ Id: id, Warning: warning }, 201);
}

function createRequest(body: Partial<CreateBody>): NetworkCreateRequest {
  if (!body.Name?.trim()) throw invalid('invalid name: name is empty');
  return {
    name: body.Name,
    driver: body.Driver || undefined,
    internal: body.Internal,
    attachable: body.Attachable,
    enableIPv6: body.EnableIPv6,
    options: body.Options,
    labels: body.Labels,
    ipam: body.IPAM && {
      driver: body.IPAM.Driver || undefined,
      options: body.IPAM.Options,
      config: body.IPAM.Config?.map(({ Subnet, Gateway, IPRange }) => ({
        subnet: Subnet || undefined,
        gateway: Gateway || undefined,
        ipRange: IPRange || undefined,
      })),
    },
  };
}

const membershipBody = object<{
  Container: string;
  EndpointConfig: EndpointSettings;
  Force: boolean;
}>({ Container: string, EndpointConfig: endpointSettings, Force: boolean });

async function connect({ membership }: NetworkPorts, request: ApiRequest): Promise<Reply> {
  const { Container: container, EndpointConfig } = membershipBody(await request.json(), '') ?? {};
  if (!container) throw invalid(`connect to network ${request.params.id}: no container is named`);
  await membership.connect(container, request.params.id!, EndpointConfig ?? {});
  return empty(200);
}

async function disconnect({ membership }: NetworkPorts, request: ApiRequest): Promise<Reply> {
  const { Container: container, Force: force = false } =
    membershipBody(await request.json(), '') ?? {};
  if (!container)
    throw invalid(`disconnect from network ${request.params.id}: no container is named`);
  await membership.disconnect(container, request.params.id!, { force });
  return empty(200);
}

/** `docker network prune`. One that gets a container meanwhile stays. */
async function pruneNetworks({ networks }: NetworkPorts, request: ApiRequest): Promise<Reply> {
  const filters = filtersOf(request.query).allow('until', 'label', 'label!');
  const untilMs = parseTimestamp(filters.values('until')[0] ?? '');
  const deleted: string[] = [];
  for (const { id, name, createdAtMs, labels } of networks.unused()) {
    const keep =
      (untilMs !== undefined && createdAtMs > untilMs) ||
      !filters.labels('label', labels) ||
      (filters.has('label!') && filters.labels('label!', labels));
    if (keep) continue;
    if (request.signal.aborted) break;
    try {
      await networks.remove(id);
      deleted.push(name);
    } catch (error) {
      if (!['conflict', 'forbidden', 'not-found'].includes(errorKind(error))) throw error;
    }
  }
  return json({ NetworksDeleted: deleted.length > 0 ? deleted : null });
}
