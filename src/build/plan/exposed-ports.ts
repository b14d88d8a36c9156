import { isIP } from 'node:net';
import { invalid } from '../../core/index.ts';

const protocols = new Set(['tcp', 'udp', 'sctp']);

/**
 * `port/protocol` of each port an EXPOSE argument `[ip:][hostPort:]port[-port][/protocol]` names.
 * Throws `invalid` in BuildKit's words.
 */
export function exposedPorts(spec: string): string[] {
  const parts = spec.split(':');
  const containerPart = parts.at(-1)!;
  const hostPort = parts.at(-2) ?? '';
  const address = parts
    .slice(0, -2)
    .join(':')
    .replace(/^\[(.*)\]$/, '$1');
  const slash = containerPart.indexOf('/');
  const ports = slash < 0 ? containerPart : containerPart.slice(0, slash);
  const protocol = slash < 0 ? '' : containerPart.slice(slash + 1).toLowerCase();
  if (ports === '') throw invalid(`no port specified: ${containerPart}<empty>`);
  if (protocol !== '' && !protocols.has(protocol)) {
    throw invalid(`invalid port: ${JSON.stringify(spec)}: invalid proto: ${protocol}`);
  }
  if (address !== '' && isIP(address) === 0) throw invalid(`invalid IP address: ${address}`);
  const range = portRange(ports);
  if (!range) throw invalid(`invalid containerPort: ${ports}`);
  if (hostPort !== '') checkHostPort(hostPort, ports, range);
  const out: string[] = [];
  for (let port = range.first; port <= range.last; port++) out.push(`${port}/${protocol || 'tcp'}`);
  return out;
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

function checkHostPort(hostPort: string, ports: string, range: PortRange): void {
  const host = portRange(hostPort);
  if (!host) throw invalid(`invalid hostPort: ${hostPort}`);
  const sameLength = host.last - host.first === range.last - range.first;
  if (!sameLength && range.first !== range.last) {
    throw invalid(
      `invalid ranges specified for container and host Ports: ${ports} and ${hostPort}`,
    );
  }
}

function portRange(text: string): PortRange | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first > 65535 || last > 65535 || last < first ? undefined : { first, last };
}
