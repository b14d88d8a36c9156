import type { Credentials } from '../credentials.ts';
import { type Agents, openAgents } from './agents.ts';
import { endpointsOf } from './endpoints.ts';
import { exchange } from './http-exchange.ts';
import { type Pause, realPause } from './pauses.ts';
import { openRegistrySession, type RegistrySession } from './registry-session.ts';
import { tokenStore } from './token-store.ts';

export interface RegistryClientOptions {
  /** Hosts, host:port or networks that may speak HTTP or show any certificate. */
  readonly insecureRegistries?: readonly string[];
  /** Mirrors of the Hub, asked before it. */
  readonly mirrors?: readonly string[];
  /** Folders like /etc/docker/certs.d. */
  readonly certsPaths?: readonly string[];
  readonly userAgent?: string;
  /** How long a connection may be silent. */
  readonly silenceMs?: number;
  /** Told of what a registry warns of, once for each text. */
  readonly onWarning?: (text: string, host: string) => void;
  /** Waits between tries; replaced in tests. */
  readonly pause?: Pause;
}

/** Speaks to registries: keeps connections, tokens, and which scheme each host speaks. */
export interface RegistryClient extends Disposable {
  /** The ways to the registry of a reference's domain, best first: mirrors, then itself. */
  sessions(
    domain: string,
    purpose: 'pull' | 'push',
    credentials?: Credentials,
  ): readonly RegistrySession[];
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const { insecureRegistries = [], mirrors = [], certsPaths = [], silenceMs = 60_000 } = options;
  const { userAgent = 'berth', onWarning = () => {}, pause = realPause } = options;
  const agents: Agents = openAgents(certsPaths);
  const rules = { insecureRegistries, mirrors };
  const tokens = tokenStore((call) => {
    const [endpoint] = endpointsOf(call.url.host, 'push', rules);
    const agent = agents.agentFor(call.url, { insecure: endpoint?.insecure ?? false });
    const headers = { ...call.headers, 'user-agent': userAgent };
    return exchange({ ...call, headers, agent, silenceMs });
  });
  const warned = new Set<string>();
  function warn(text: string, host: string): void {
    const key = `${host} ${text}`;
    if (warned.has(key) || warned.size > 1000) return;
    warned.add(key);
    onWarning(text, host);
  }
  const pings = new Map();
  const shared = { agents, tokens, pings, userAgent, silenceMs, pause, warn };
  return {
    sessions: (domain, purpose, credentials) =>
      endpointsOf(domain, purpose, rules).map((endpoint) =>
        openRegistrySession(endpoint, endpoint.isMirror ? undefined : credentials, shared),
      ),
    [Symbol.dispose]: () => agents[Symbol.dispose](),
  };
}
