import { invalid, notFound } from '../../../core/index.ts';
import type { CreateRequest, EndpointSettings } from '../../../engine/index.ts';
import { array, map, object, string } from '../../http/decode.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { platformParameter } from '../platform.ts';
import { checkCreateRequest } from './check-request.ts';
import { containerConfig, endpointSettings, hostConfig } from './container-shape.ts';
import type { ContainerPorts } from './ports.ts';

export async function createContainer(ports: ContainerPorts, request: ApiRequest): Promise<Reply> {
  const body = await request.json();
  const wanted = readCreateRequest(body, request.query.text('name'));
  checkCreateRequest(wanted, ports.cpus);
  await checkPlatform(ports, request.query.text('platform'), wanted.config.Image);
  const lost = discarded(body);
  const { id, warnings } = await ports.containers.create(wanted);
  return json({ Id: id, Warnings: [...warningsOf(wanted), ...lost, ...warnings] }, 201);
}

const networking = object<{ EndpointsConfig: Record<string, EndpointSettings> }>({
  EndpointsConfig: map<EndpointSettings>(
    (value, path) => endpointSettings(value, path) ?? ({} as EndpointSettings),
  ),
});
const rest = object({ HostConfig: hostConfig, NetworkingConfig: networking });

/** The body and name of `POST /containers/create`. Throws `invalid`. */
export function readCreateRequest(body: unknown, name: string): CreateRequest {
  const config = containerConfig(body, '');
  if (config === undefined || Object.keys(config).length === 0) {
    throw invalid('config cannot be empty in order to create a container');
  }
  const { HostConfig: host = {}, NetworkingConfig: network } = rest(body, '') ?? {};
  const mode = networkName(host.NetworkMode ?? '');
  const endpoints = Object.fromEntries(
    Object.entries(network?.EndpointsConfig ?? {}).map(([key, value]) => [networkName(key), value]),
  );
  // Before API 1.44 the address stood beside the network's name.
  if (config.MacAddress) {
    const endpoint = endpoints[mode] ?? {};
    endpoints[mode] = { ...endpoint, MacAddress: endpoint.MacAddress || config.MacAddress };
  }
  return {
    ...(name !== '' && { name: name.replace(/^\//, '') }),
    config: { ...config, Image: config.Image ?? '' },
    hostConfig: { ...host, NetworkMode: mode },
    endpoints,
  };
}

const deviceLimits = array(object({}));
const notTaken = object({
  HostConfig: object({
    BlkioWeightDevice: deviceLimits,
    BlkioDeviceReadBps: deviceLimits,
    BlkioDeviceWriteBps: deviceLimits,
    BlkioDeviceReadIOps: deviceLimits,
    BlkioDeviceWriteIOps: deviceLimits,
    Isolation: string,
  }),
});

/** Warnings for what Docker knows and Berth does not do. Throws `invalid` where Docker does too. */
function discarded(body: unknown): string[] {
  const { Isolation: isolation = '', ...limits } = notTaken(body, '')?.HostConfig ?? {};
  if (!/^(default)?$/i.test(isolation)) {
    throw invalid(`invalid isolation (${isolation}): linux only supports 'default'`);
  }
  return Object.entries(limits)
    .filter(([, list]) => list.length > 0)
    .map(([name]) => `${name} is not supported. Limit discarded.`);
}

function networkName(name: string): string {
  return name === '' || name === 'default' ? 'bridge' : name;
}

async function checkPlatform(
  { images }: ContainerPorts,
  text: string,
  image: string,
): Promise<void> {
  if (text === '') return;
  const wanted = platformParameter(text);
  const { config } = await images.resolve(image);
  if (config.os === wanted.os && config.architecture === wanted.architecture) return;
  throw notFound(
    `image with reference ${image} was found but its platform (${config.os}/${config.architecture}) does not match the specified platform (${text})`,
  );
}

function warningsOf({ hostConfig: host }: CreateRequest): string[] {
  const warnings: string[] = [];
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (host.OomKillDisable && (host.Memory ?? 0) === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return warnings;
}
