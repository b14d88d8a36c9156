import { isPlain, mostPackages, type Package, statedSize } from './package.ts';
import { stanzas } from './stanzas.ts';

/** The packages of /var/lib/dpkg/status, or of a file of status.d, that are installed; undefined for too many. */
export function readDpkgStatus(text: string): Package[] | undefined {
  const packages: Package[] = [];
  for (const fields of stanzas(text)) {
    const name = fields.get('Package');
    const version = fields.get('Version');
    // The files of status.d, which distroless images have, tell no status.
    const status = fields.get('Status') ?? 'install ok installed';
    if (!isPlain(name) || !isPlain(version) || !status.endsWith(' installed')) continue;
    const architecture = fields.get('Architecture');
    if (packages.length === mostPackages) return undefined;
    packages.push({
      kind: 'deb',
      name,
      version,
      ...(isPlain(architecture) && { architecture }),
      ...statedSize(fields.get('Installed-Size'), 1024),
    });
  }
  return packages;
}
