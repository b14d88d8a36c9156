import { BerthError, errorMessage } from '../../../core/index.ts';
import type { PublishedPort } from '../../containers/container.ts';
import type { PortRule } from '../firewall/ruleset.ts';
import { bridgeOptions } from '../network-record.ts';
import type { PortRequest } from '../networks.ts';
import { type Attachment, publishingPlace } from './attachment.ts';
import type { Workshop } from './workshop.ts';

/** Ports of one container, published; disposing takes them back. */
export interface Publication extends AsyncDisposable {
  readonly ports: readonly PublishedPort[];
}

/** The container's addresses that its ports lead to. */
interface Target {
  readonly ipv4: string;
  /** Empty without IPv6. */
  readonly ipv6: string;
}

/**
 * Publishes ports at the container's address that leads outside; where none does, on internal
 * networks, there is nothing to publish. All of them, or a throw in Docker's words and none.
 */
export async function publishPorts(
  workshop: Workshop,
  attachment: Attachment,
  ports: readonly PortRequest[],
): Promise<void> {
  const target = targetOf(attachment);
  if (!target || ports.length === 0) return;
  try {
    const requests = ports.map((port) => withDefaultAddress(attachment, port));
    attachment.publication = await publish(workshop, requests, target);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { containerName } = attachment.request;
    const endpoint = `${containerName} (${publishingPlace(attachment)?.endpoint.id})`;
    throw new BerthError(
      error.kind,
      `driver failed programming external connectivity on endpoint ${endpoint}: ${error.message}`,
      { code: error.code, cause: error },
    );
  }
}

/** As `publishPorts`, port by port, giving what could not be had again in words. */
export async function republishPorts(
  workshop: Workshop,
  attachment: Attachment,
  ports: readonly PublishedPort[],
): Promise<string[]> {
  const target = targetOf(attachment);
  if (!target) return [];
  const lost: string[] = [];
  const parts: Publication[] = [];
  for (const port of ports) {
    try {
      parts.push(await publish(workshop, [port], target));
    } catch (error) {
      lost.push(errorMessage(error));
    }
  }
  attachment.publication = {
    ports: parts.flatMap((part) => part.ports),
    async [Symbol.asyncDispose]() {
      await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
    },
  };
  return lost;
}

export async function unpublishPorts(attachment: Attachment): Promise<void> {
  const { publication } = attachment;
  attachment.publication = undefined;
  await publication?.[Symbol.asyncDispose]();
}

async function publish(
  workshop: Workshop,
  requests: readonly PortRequest[],
  target: Target,
): Promise<Publication> {
  const { portTable, firewall } = workshop;
  await using undo = new AsyncDisposableStack();
  const reservation = undo.use(await portTable.reserve(requests, target));
  const rules = reservation.ports.flatMap((port) => portRules(port, target));
  if (rules.length > 0) {
    await firewall.add({ ports: rules });
    undo.defer(() => firewall.remove({ ports: rules }));
  }
  await forgetOldFlows(workshop, reservation.ports);
  const kept = undo.move();
  return { ports: reservation.ports, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * A sender of datagrams that never pauses would go on reaching where it reached before: nobody, or
 * a container that is gone.
 */
async function forgetOldFlows(
  { conntrack, warn }: Workshop,
  ports: readonly PublishedPort[],
): Promise<void> {
  const udp = ports.filter(({ protocol }) => protocol === 'udp');
  if (udp.length === 0) return;
  try {
    await conntrack.forgetUdpFlowsTo(new Set(udp.map(({ hostPort }) => hostPort)));
  } catch (error) {
    warn(`forget old flows to published UDP ports: ${errorMessage(error)}`);
  }
}

/**
 * The kernel's way to the container for a port: none for an IPv6 one that leads to a container
 * without IPv6, which the relay that holds the port serves.
 */
export function portRules(port: PublishedPort, target: Target): PortRule[] {
  const family = port.hostIp.includes(':') ? 6 : 4;
  const address = family === 4 ? target.ipv4 : target.ipv6;
  if (address === '') return [];
  const anywhere = port.hostIp === '0.0.0.0' || port.hostIp === '::';
  const { protocol, hostPort, containerPort } = port;
  return [
    {
      family,
      protocol,
      ...(!anywhere && { hostAddress: port.hostIp }),
      hostPort,
      address,
      port: containerPort,
    },
  ];
}

function targetOf(attachment: Attachment): Target | undefined {
  const settings = publishingPlace(attachment)?.endpoint.settings;
  return settings && { ipv4: settings.IPAddress ?? '', ipv6: settings.GlobalIPv6Address ?? '' };
}

/** A port without an address goes to the network's default one, if it has one. */
function withDefaultAddress(attachment: Attachment, port: PortRequest): PortRequest {
  const network = publishingPlace(attachment)?.network.record;
  if (port.hostIp !== '' || !network) return port;
  return { ...port, hostIp: bridgeOptions(network).hostIp };
}
