import type { EndpointSettings } from '../../containers/container-config.ts';
import type { NamedEndpoint } from '../dns/name-index.ts';
import type { NetworkRecord } from '../network-record.ts';

/** A container's place on one network: an immutable value. */
export interface Endpoint {
  readonly network: NetworkRecord;
  readonly id: string;
  /** As `inspect` shows it: what was asked for and what was given. */
  readonly settings: EndpointSettings;
  /** Its interface inside; empty on `host` and `none`. */
  readonly interfaceName: string;
  readonly named?: NamedEndpoint;
}

/**
 * The order in which a container's networks get their interfaces, eth0 first: by gateway priority,
 * then by name.
 */
export function inOrder<T extends { name: string; settings: EndpointSettings }>(
  endpoints: readonly T[],
): T[] {
  return [...endpoints].sort(
    (a, b) =>
      (b.settings.GwPriority ?? 0) - (a.settings.GwPriority ?? 0) ||
      (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
}

/** The network that leads outside: the first in order that is not internal. */
export function gatewayEndpoint(endpoints: readonly Endpoint[]): Endpoint | undefined {
  const ordered = inOrder(
    endpoints.map((endpoint) => ({
      name: endpoint.network.name,
      settings: endpoint.settings,
      endpoint,
    })),
  );
  return ordered.find(({ endpoint }) => {
    return endpoint.network.driver === 'bridge' && !endpoint.network.internal;
  })?.endpoint;
}

/** Docker's form of a link is `container:alias`; without alias it is the container's own name. */
export function parseLinks(links: readonly string[] | null | undefined): Map<string, string> {
  return new Map(
    (links ?? []).map((link) => {
      const [target = '', alias] = link.split(':');
      return [(alias || target).replace(/^\//, '').toLowerCase(), target.replace(/^\//, '')];
    }),
  );
}
