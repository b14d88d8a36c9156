import { isPlain, type Package, plainLicense } from './package.ts';
import { stanzas } from './stanzas.ts';

/** The package of a METADATA file of a `.dist-info` folder, or of a PKG-INFO file. */
export function readPythonMetadata(text: string): Package[] {
  // What follows the first paragraph is the description.
  const fields = stanzas(text).next().value;
  const name = fields?.get('Name');
  const version = fields?.get('Version');
  if (!isPlain(name) || !isPlain(version)) return [];
  const license = fields!.get('License-Expression') ?? fields!.get('License');
  return [{ kind: 'pypi', name, version, ...plainLicense(license) }];
}

/** The bytes of all files that a RECORD lists: lines of `path,hash,size`. */
export function sumOfRecord(text: string): number {
  let sizeBytes = 0;
  for (const [, size] of text.matchAll(/,(\d{1,15})\r?$/gm)) sizeBytes += Number(size);
  return sizeBytes;
}
