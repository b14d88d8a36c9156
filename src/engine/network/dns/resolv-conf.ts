import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** The parts of a resolv.conf(5) that a resolver lives by. */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Lines that make no sense are left out, as the C library does. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && isIP(values[0]?.replace(/%.*$/, '') ?? '')) {
      nameservers.push(values[0]!);
    }
    if (keyword === 'search' || keyword === 'domain') search = values;
    if (keyword === 'options') options = [...options, ...values];
  }
  return { nameservers, search: search.filter((domain) => domain !== '.'), options };
}

const lookAgainAfterMs = 1000;

/**
 * The machine's resolv.conf, read again when the file has changed. A missing or unreadable file is
 * an empty one.
 */
export function watchResolvConf(path: string, now: () => number): () => ResolvConf {
  let conf = parseResolvConf('');
  let version = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - lookedAtMs < lookAgainAfterMs) return conf;
    lookedAtMs = now();
    try {
      const { mtimeMs, ino, size } = statSync(path);
      const seen = `${mtimeMs} ${ino} ${size}`;
      if (seen !== version) conf = parseResolvConf(readFileSync(path, 'utf8'));
      version = seen;
    } catch {
      conf = parseResolvConf('');
      version = '';
    }
    return conf;
  };
}
