import type { Container, EndpointSettings } from '../../../engine/index.ts';
import { isRunning } from './state-view.ts';

/** NetworkSettings of `inspect`. The flat fields are those of the default bridge. */
export function networkSettingsView(container: Container, namespacePath: string): unknown {
  const bridge = container.endpoints.bridge ?? {};
  return {
    Bridge: '',
    SandboxID: namespacePath === '' ? '' : container.id,
    SandboxKey: namespacePath,
    Ports: portsView(container),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge.EndpointID ?? '',
    Gateway: bridge.Gateway ?? '',
    GlobalIPv6Address: bridge.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge.IPAddress ?? '',
    IPPrefixLen: bridge.IPPrefixLen ?? 0,
    IPv6Gateway: bridge.IPv6Gateway ?? '',
    MacAddress: bridge.MacAddress ?? '',
    Networks: endpointsView(container),
  };
}

export function endpointsView({ endpoints }: Container): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [name, endpointView(endpoint)]),
  );
}

function endpointView(endpoint: EndpointSettings): unknown {
  return {
    IPAMConfig: endpoint.IPAMConfig ?? null,
    Links: endpoint.Links ?? null,
    Aliases: endpoint.Aliases ?? null,
    MacAddress: endpoint.MacAddress ?? '',
    DriverOpts: endpoint.DriverOpts ?? null,
    GwPriority: endpoint.GwPriority ?? 0,
    NetworkID: endpoint.NetworkID ?? '',
    EndpointID: endpoint.EndpointID ?? '',
    Gateway: endpoint.Gateway ?? '',
    IPAddress: endpoint.IPAddress ?? '',
    IPPrefixLen: endpoint.IPPrefixLen ?? 0,
    IPv6Gateway: endpoint.IPv6Gateway ?? '',
    GlobalIPv6Address: endpoint.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint.GlobalIPv6PrefixLen ?? 0,
    DNSNames: endpoint.DNSNames ?? null,
  };
}

/** Exposed ports of a running container, with the host's addresses of those that are published. */
function portsView(container: Container): Record<string, unknown> {
  if (!isRunning(container)) return {};
  const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const port of exposedPorts(container)) ports[port] = null;
  for (const { containerPort, protocol, hostIp, hostPort } of container.ports) {
    const key = `${containerPort}/${protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return Object.fromEntries(Object.entries(ports).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `80/tcp` for each exposed port; Docker also takes them without a protocol. */
function exposedPorts({ config }: Container): string[] {
  return Object.keys(config.ExposedPorts ?? {}).map((port) =>
    port.includes('/') ? port : `${port}/tcp`,
  );
}

export interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** Ports as `docker ps` lists them. */
export function portSummaries(container: Container): PortSummary[] {
  if (!isRunning(container)) return [];
  const published = container.ports.map(
    ({ hostIp, containerPort, hostPort, protocol }): PortSummary => ({
      IP: hostIp,
      PrivatePort: containerPort,
      PublicPort: hostPort,
      Type: protocol,
    }),
  );
  const hidden = exposedPorts(container)
    .map((port) => {
      const [number, type = 'tcp'] = port.split('/');
      return { PrivatePort: Number(number), Type: type };
    })
    .filter(
      ({ PrivatePort, Type }) =>
        !published.some((port) => port.PrivatePort === PrivatePort && port.Type === Type),
    );
  return [...published, ...hidden].sort((a, b) => a.PrivatePort - b.PrivatePort);
}
