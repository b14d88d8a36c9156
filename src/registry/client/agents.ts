import { readdirSync, readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { createSecureContext, getCACertificates } from 'node:tls';
import { errnoCode, internal } from '../../core/index.ts';

/** Keeps connections open, one pool for each host. */
export interface Agents extends Disposable {
  agentFor(url: URL, options: { insecure: boolean }): HttpAgent | HttpsAgent;
}

const common = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 16 } as const;

/**
 * `certsPaths` are folders like /etc/docker/certs.d: `<host:port>/*.crt` are authorities trusted for
 * that host, `<name>.cert` with `<name>.key` is shown to it.
 */
export function openAgents(certsPaths: readonly string[]): Agents {
  const agents = new Map<string, HttpAgent>();
  const hasCertificates = certificateHosts(certsPaths);

  function create(url: URL, insecure: boolean): HttpAgent {
    // Proxies of the environment are for the world outside.
    const proxy = isLoopback(url.hostname) ? {} : { proxyEnv: process.env };
    if (url.protocol === 'http:') return new HttpAgent({ ...common, ...proxy });
    // Made once: reading all authorities for each connection would take tens of milliseconds.
    const secureContext = createSecureContext(certificatesFor(url.host, certsPaths));
    return new HttpsAgent({ ...common, ...proxy, secureContext, rejectUnauthorized: !insecure });
  }

  return {
    agentFor(url, { insecure }) {
      // All hosts without certificates share one: each holds every known authority, which is more
      // memory than a redirect of a hostile registry should cost.
      const own = url.protocol === 'https:' && hasCertificates(url.host) ? url.host : '';
      const key = [url.protocol, isLoopback(url.hostname), own, insecure].join(' ');
      let agent = agents.get(key);
      if (!agent) {
        agent = create(url, insecure);
        agents.set(key, agent);
      }
      return agent;
    },
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

const mostHosts = 10_000;

/** Tells whether there are certificates for a host. */
function certificateHosts(certsPaths: readonly string[]): (host: string) => boolean {
  const known = new Map<string, boolean>();
  return (host) => {
    let found = known.get(host);
    if (found === undefined) {
      found = certsPaths.some((path) => list(join(path, host)).length > 0);
      if (known.size >= mostHosts) known.clear();
      known.set(host, found);
    }
    return found;
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

/** Throws `internal` when a client certificate has no key, as Docker does. */
function certificatesFor(host: string, certsPaths: readonly string[]) {
  const authorities: string[] = [];
  let client: { cert: string; key: string } | undefined;
  for (const folder of certsPaths.map((path) => join(path, host))) {
    const names = list(folder);
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    for (const name of names) {
      if (name.endsWith('.crt')) authorities.push(read(name));
      if (!name.endsWith('.cert') || client) continue;
      const keyName = name.replace(/\.cert$/, '.key');
      if (!names.includes(keyName)) {
        throw internal(
          `missing key ${keyName} for client certificate ${name}. CA certificates must use the extension .crt`,
        );
      }
      client = { cert: read(name), key: read(keyName) };
    }
  }
  return {
    ...client,
    ca: [...getCACertificates('bundled'), ...getCACertificates('system'), ...authorities],
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return [];
    throw error;
  }
}
