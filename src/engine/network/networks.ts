import type { PublishedPort } from '../containers/container.ts';
import type { EndpointSettings } from '../containers/container-config.ts';

/** Networks: the built-in `bridge`, `host` and `none`, and the user's own bridges. */
export interface Networks {
  create(request: NetworkCreateRequest): Promise<{ id: string; warning: string }>;
  /** By id, name or unambiguous id prefix. Throws `not-found` ("network x not found"). */
  get(ref: string): Network;
  list(): readonly Network[];
  /** Throws `forbidden`, as Docker does, while a container is attached and for the built-in ones. */
  remove(ref: string): Promise<void>;

  /**
   * Makes a network namespace for a container, joins it to its networks and publishes its ports.
   * All or nothing: a failure leaves no interface, rule or port behind. Idempotent per container.
   */
  setUp(request: EndpointRequest): Promise<ContainerNetwork>;
  /** Undoes `setUp`, whatever is left of it; idempotent. */
  tearDown(containerId: string): Promise<void>;
  /** `docker network connect` and `disconnect` on a running container. */
  connect(
    containerId: string,
    network: string,
    settings: EndpointSettings,
  ): Promise<EndpointSettings>;
  disconnect(containerId: string, network: string): Promise<void>;
  /**
   * Once, after a daemon start and before any `setUp`: takes over what still runs (by the
   * requests' `established`), removes what belongs to nobody, and makes the built-in bridge.
   */
  adopt(running: readonly EndpointRequest[]): Promise<void>;
  /** What a container was given and holds now; undefined when it is not set up. */
  lookup(containerId: string): ContainerNetwork | undefined;
  /** A container that is set up has another name now: the DNS server answers to it. */
  rename(containerId: string, containerName: string): void;
  /** Networks of the user's that no container is attached to: what a prune removes. */
  unused(): readonly Network[];
}

export interface NetworkCreateRequest {
  name: string;
  driver?: string;
  internal?: boolean;
  attachable?: boolean;
  enableIPv6?: boolean;
  ipam?: {
    driver?: string;
    config?: { subnet?: string; gateway?: string; ipRange?: string }[];
    options?: Record<string, string>;
  };
  options?: Record<string, string>;
  labels?: Record<string, string>;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv6: boolean;
  readonly ipam: {
    driver: string;
    config: readonly { subnet: string; gateway: string; ipRange?: string }[];
    options?: Record<string, string>;
  };
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Running containers on it, by id; addresses with their prefix length, '' for none. */
  readonly attachments: Readonly<
    Record<
      string,
      { name: string; endpointId: string; macAddress: string; ipv4: string; ipv6: string }
    >
  >;
}

export interface EndpointRequest {
  containerId: string;
  containerName: string;
  hostname: string;
  /** Network name to what was asked for; empty for `none`. */
  endpoints: Readonly<Record<string, EndpointSettings>>;
  /**
   * What to publish. hostPort 0 asks for a free one; hostIp '' for both `0.0.0.0` and `::`, which
   * gives two entries in the answer.
   */
  ports: readonly PortRequest[];
  /** Servers that unknown names are forwarded to (`--dns`); absent: the machine's own. */
  dns?: readonly string[];
  /** Given when adopting: what it already has. */
  established?: ContainerNetwork;
}

export interface PortRequest extends PublishedPort {
  /** Any port from `hostPort` to this one will do, the lowest free one is taken. */
  readonly hostPortEnd?: number;
}

export interface ContainerNetwork {
  /** Path of the network namespace, for the bundle; '' for the machine's own (`host`). */
  readonly namespacePath: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly ports: readonly PublishedPort[];
  /**
   * Addresses for resolv.conf: the DNS servers on the gateways. Empty for `host` and `none`, which
   * use the machine's own resolv.conf.
   */
  readonly nameservers: readonly string[];
}
