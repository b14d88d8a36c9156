import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseResolvConf } from '../../bundle/network-files.ts';

const lookAgainAfterMs = 1000;

/**
 * The DNS servers of a resolv.conf(5), read again when the file has changed. A missing or
 * unreadable file names none; a line that is no address is left out, as the C library does.
 */
export function watchNameservers(path: string, now: () => number): () => readonly string[] {
  let servers: readonly string[] = [];
  let version = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - lookedAtMs < lookAgainAfterMs) return servers;
    lookedAtMs = now();
    try {
      const { mtimeMs, ino, size } = statSync(path);
      const seen = `${mtimeMs} ${ino} ${size}`;
      if (seen === version) return servers;
      const { nameservers } = parseResolvConf(readFileSync(path, 'utf8'));
      servers = nameservers.filter((address) => isIP(address.replace(/%.*$/, '')) !== 0);
      version = seen;
    } catch {
      servers = [];
      version = '';
    }
    return servers;
  };
}
