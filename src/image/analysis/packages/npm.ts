import { isPlain, type Package, plainLicense } from './package.ts';

/** The package of a package.json; none for one that is not JSON or names nothing. */
export function readPackageJson(text: string): Package[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return []; // Packages carry broken ones among their tests.
  }
  if (typeof value !== 'object' || value === null) return [];
  const { name, version, license } = value as Record<string, unknown>;
  if (!isPlain(name) || !isPlain(version)) return [];
  return [{ kind: 'npm', name, version, ...plainLicense(license) }];
}
