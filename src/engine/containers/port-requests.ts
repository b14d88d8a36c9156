import { invalid } from '../../core/index.ts';
import type { PortRequest } from '../network/networks.ts';
import type { ContainerConfig, HostConfig } from './container-config.ts';

const protocols = ['tcp', 'udp', 'sctp'] as const;

/** What `-p` and `-P` publish. Throws `invalid` in Docker's words. */
export function portRequests(
  config: Pick<ContainerConfig, 'ExposedPorts'>,
  hostConfig: Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>,
): PortRequest[] {
  const bindings = hostConfig.PortBindings ?? {};
  const requests = Object.entries(bindings).flatMap(([key, list]) =>
    (list ?? []).map(({ HostIp = '', HostPort = '' }) => ({
      ...parsePort(key),
      hostIp: HostIp,
      ...parseHostPort(HostPort),
    })),
  );
  if (!hostConfig.PublishAllPorts) return requests;
  const unbound = Object.keys(config.ExposedPorts ?? {}).filter((key) => !bindings[key]?.length);
  return [...requests, ...unbound.map((key) => ({ ...parsePort(key), hostIp: '', hostPort: 0 }))];
}

/** `80/tcp`; the protocol is tcp when none is given. */
function parsePort(text: string): Pick<PortRequest, 'containerPort' | 'protocol'> {
  const [number = '', name = 'tcp'] = text.split('/');
  const protocol = protocols.find((known) => known === name.toLowerCase());
  if (!protocol) throw invalid(`invalid proto: ${name}`);
  return { containerPort: parseNumber(number), protocol };
}

/** '' for any free port, `8080`, or `8000-8010` for one of these. */
function parseHostPort(text: string): { hostPort: number; hostPortEnd?: number } {
  if (text === '') return { hostPort: 0 };
  const [start = '', end] = text.split('-');
  const hostPort = parseNumber(start, 0);
  if (end === undefined) return { hostPort };
  const hostPortEnd = parseNumber(end);
  if (hostPortEnd < hostPort) throw invalid(`invalid port specification: "${text}"`);
  return { hostPort, hostPortEnd };
}

function parseNumber(text: string, least = 1): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= 65_535))
    throw invalid(`invalid port specification: "${text}"`);
  return number;
}
