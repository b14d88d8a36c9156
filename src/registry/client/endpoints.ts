import { BlockList, isIP } from 'node:net';

/** One way to a registry. */
export interface Endpoint {
  /** `host` or `host:port`, as it stands in URLs. */
  readonly host: string;
  /** Origins to try, in order; the first that answers is kept. */
  readonly origins: readonly string[];
  /** Certificates are not checked, and HTTP will do. */
  readonly insecure: boolean;
  /** A mirror is not the registry itself: it gets no credentials. */
  readonly isMirror: boolean;
}

const hub = 'docker.io';
const hubHost = 'registry-1.docker.io';
const loopback = ['127.0.0.0/8', '::1/128'];

export interface EndpointRules {
  /** Hosts, host:port or networks in CIDR form that may speak HTTP, as in Docker's daemon.json. */
  readonly insecureRegistries: readonly string[];
  /** Mirrors of the Hub: `https://mirror.example.com`. */
  readonly mirrors: readonly string[];
}

/**
 * The endpoints of a reference's domain, the best first: mirrors of the Hub when something is
 * pulled, then the registry itself. HTTPS always comes before HTTP, which loopback addresses and
 * insecure registries alone may fall back to.
 */
export function endpointsOf(
  domain: string,
  purpose: 'pull' | 'push',
  rules: EndpointRules,
): Endpoint[] {
  const isHub = domain === hub;
  const mirrors = isHub && purpose === 'pull' ? rules.mirrors.map(mirrorEndpoint) : [];
  return [...mirrors, registryEndpoint(isHub ? hubHost : domain, rules)];
}

function registryEndpoint(host: string, { insecureRegistries }: EndpointRules): Endpoint {
  const insecure = isInsecure(host, insecureRegistries);
  const origins = insecure ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
  return { host, origins, insecure, isMirror: false };
}

function mirrorEndpoint(address: string): Endpoint {
  const url = new URL(address.includes('://') ? address : `https://${address}`);
  const isPlain = url.protocol === 'http:';
  return { host: url.host, origins: [url.origin], insecure: isPlain, isMirror: true };
}

function isInsecure(host: string, rules: readonly string[]): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost') return true;
  if (rules.includes(host) || rules.includes(name)) return true;
  const family = isIP(name);
  if (family === 0) return false;
  const networks = new BlockList();
  for (const rule of [...loopback, ...rules]) {
    const [address = '', bits] = rule.split('/');
    const ruleFamily = isIP(address);
    if (ruleFamily === 0 || bits === undefined) continue;
    networks.addSubnet(address, Number(bits), ruleFamily === 4 ? 'ipv4' : 'ipv6');
  }
  return networks.check(name, family === 4 ? 'ipv4' : 'ipv6');
}
