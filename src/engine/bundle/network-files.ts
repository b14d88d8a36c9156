/** Names every container knows, as Docker writes them. */
const standardHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/**
 * `/etc/hosts`; entries are an address and the names it has, added hosts are `name:address` or
 * `name:host-gateway`, the machine as containers see it: their bridge's gateway.
 */
export function hostsFile(
  entries: readonly { address: string; names: readonly string[] }[],
  addedHosts: readonly string[] = [],
  hostGateway = '',
): string {
  const added = addedHosts.map((text) => {
    const separator = text.search(/[:=]/);
    const address = text.slice(separator + 1).replace(/^host-gateway$/, hostGateway);
    return { names: [text.slice(0, separator)], address: unbracket(address) };
  });
  const lines = [...added, ...entries].map(
    ({ address, names }) => `${address}\t${names.join(' ')}\n`,
  );
  return standardHosts + lines.join('');
}

function unbracket(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1');
}

/** `/etc/resolv.conf` from its parts, in Docker's order. */
export function resolvConf(parts: {
  nameservers: readonly string[];
  search?: readonly string[];
  options?: readonly string[];
}): string {
  const { nameservers, search = [], options = [] } = parts;
  const lines = nameservers.map((address) => `nameserver ${address}`);
  // `.` stands for no search domain at all.
  if (search.length > 0 && !search.includes('.')) lines.push(`search ${search.join(' ')}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** The search domains and options of the machine's own file, which containers take over. */
export function parseResolvConf(text: string): {
  nameservers: string[];
  search: string[];
  options: string[];
} {
  const nameservers: string[] = [];
  let search: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) nameservers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain') search = values;
    if (keyword === 'options') options = values;
  }
  return { nameservers, search, options };
}
