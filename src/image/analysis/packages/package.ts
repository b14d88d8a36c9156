/** The ecosystems whose packages are read, named as package URLs name them. */
export type PackageKind = 'deb' | 'apk' | 'rpm' | 'pypi' | 'npm';

export interface Package {
  readonly kind: PackageKind;
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  /** As the package states it: an SPDX expression or any other text. */
  readonly license?: string;
  /** Bytes it takes when installed, when its database tells. */
  readonly sizeBytes?: number;
}

/** More than that in one database is no honest one. */
export const mostPackages = 200_000;

/** Whether the text may be a name or version: short, and without control characters. */
export function isPlain(text: unknown): text is string {
  return typeof text === 'string' && /^[^\x00-\x20\x7f]{1,256}$/.test(text);
}

/** A license as it may be passed on, or nothing. */
export function plainLicense(text: unknown): { license?: string } {
  if (typeof text !== 'string') return {};
  const license = text.trim();
  return /^[^\x00-\x1f\x7f]{1,200}$/.test(license) ? { license } : {};
}

/** Size in bytes from decimal text, or nothing. */
export function statedSize(text: string | undefined, unitBytes = 1): { sizeBytes?: number } {
  const sizeBytes = /^\d{1,15}$/.test(text ?? '') ? Number(text) * unitBytes : undefined;
  return sizeBytes === undefined ? {} : { sizeBytes };
}
