import type { EndpointSettings, Networks } from '../../../engine/index.ts';

/** What the routes of networks need of the daemon. */
export interface NetworkPorts {
  readonly networks: Pick<Networks, 'create' | 'get' | 'list' | 'remove' | 'unused'>;
  readonly membership: NetworkMembership;
}

/**
 * Joins containers, running or not, to networks and parts them. Throws `not-found` for an unknown
 * container or network, `forbidden` for one that is joined already.
 */
export interface NetworkMembership {
  connect(container: string, network: string, settings: EndpointSettings): Promise<void>;
  /** With `force`, a container that is gone is no error. */
  disconnect(container: string, network: string, options: { force: boolean }): Promise<void>;
}
