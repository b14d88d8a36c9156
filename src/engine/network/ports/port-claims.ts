import type { PublishedPort } from '../../containers/container.ts';

/** Who holds which port among our own containers. Pure bookkeeping, no sockets. */
export interface PortClaims {
  /** False when another claim covers the address or a part of it. */
  claim(port: PublishedPort): boolean;
  release(port: PublishedPort): void;
}

const wildcards = new Set(['0.0.0.0', '::']);
const isIpv6 = (address: string): boolean => address.includes(':');

export function createPortClaims(): PortClaims {
  const byPort = new Map<string, Set<string>>();
  const keyOf = ({ protocol, hostPort }: PublishedPort): string => `${protocol} ${hostPort}`;
  return {
    claim(port) {
      const addresses = byPort.get(keyOf(port)) ?? new Set();
      for (const held of addresses) {
        const overlaps =
          held === port.hostIp ||
          (isIpv6(held) === isIpv6(port.hostIp) &&
            (wildcards.has(held) || wildcards.has(port.hostIp)));
        if (overlaps) return false;
      }
      byPort.set(keyOf(port), addresses.add(port.hostIp));
      return true;
    },
    release(port) {
      const addresses = byPort.get(keyOf(port));
      addresses?.delete(port.hostIp);
      if (addresses?.size === 0) byPort.delete(keyOf(port));
    },
  };
}
