import { isPlain, type Package, plainLicense, statedSize } from './package.ts';
import { stanzas } from './stanzas.ts';

/** The packages of /lib/apk/db/installed. */
export function readApkInstalled(text: string): Package[] {
  const packages: Package[] = [];
  for (const fields of stanzas(text)) {
    const name = fields.get('P');
    const version = fields.get('V');
    if (!isPlain(name) || !isPlain(version)) continue;
    const architecture = fields.get('A');
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
