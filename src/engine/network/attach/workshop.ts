import type { Conntrack } from '../../../linux/index.ts';
import type { Events } from '../../events/events.ts';
import type { NameIndex } from '../dns/name-index.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { NetworkRegistry } from '../network-registry.ts';
import type { PortTable } from '../ports/port-table.ts';
import type { Attachment, Place } from './attachment.ts';
import type { Wiring } from './wiring.ts';

/** What the networks of containers are made with, and what has been made. */
export interface Workshop {
  readonly registry: NetworkRegistry;
  readonly names: NameIndex;
  readonly firewall: Firewall;
  readonly portTable: PortTable;
  readonly wiring: Wiring;
  readonly conntrack: Conntrack;
  /** Folder of the namespaces, one file a container. */
  readonly namespaceFolder: string;
  readonly events?: Pick<Events, 'publish'>;
  /** Sees to it that these interfaces, of an ended container, do not stay. */
  readonly reap: (interfaceNames: readonly string[]) => void;
  /** Told what does not work as it should and yet stops nothing. */
  readonly warn: (message: string) => void;
  /** By container id. */
  readonly attachments: Map<string, Attachment>;
}

/** `docker events`: a container came to a network, or left it. */
export function tellEvent(
  { events }: Workshop,
  action: 'connect' | 'disconnect',
  containerId: string,
  { network }: Place,
): void {
  const { id, name, driver } = network.record;
  const attributes = { container: containerId, name, type: driver };
  events?.publish({ type: 'network', action, actorId: id, attributes });
}
