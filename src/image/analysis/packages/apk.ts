import { isPlain, mostPackages, type Package, plainLicense, statedSize } from './package.ts';
import { stanzas } from './stanzas.ts';

/** The packages of /lib/apk/db/installed; undefined for too many. */
export function readApkInstalled(text: string): Package[] | undefined {
  const packages: Package[] = [];
  for (const fields of stanzas(text)) {
    const name = fields.get('P');
    const version = fields.get('V');
    if (!isPlain(name) || !isPlain(version)) continue;
    const architecture = fields.get('A');
    if (packages.length === mostPackages) return undefined;
    packages.push({
      kind: 'apk',
      name,
      version,
      ...(isPlain(architecture) && { architecture }),
      ...plainLicense(fields.get('L')),
      ...statedSize(fields.get('I')),
    });
  }
  return packages;
}
