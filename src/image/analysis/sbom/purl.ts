import type { Package } from '../packages/package.ts';

/** Which distribution packages come from, by os-release's ID and VERSION_ID. */
export interface Distribution {
  readonly id: string;
  readonly version: string;
}

export function distributionOf(osRelease: ReadonlyMap<string, string>): Distribution {
  const plain = (text: string) => (/^[\w.+-]{1,40}$/.test(text) ? text.toLowerCase() : '');
  const version = plain(osRelease.get('VERSION_ID') ?? '');
  return { id: plain(osRelease.get('ID') ?? ''), version };
}

/** Package URL: `pkg:deb/debian/bash@5.2-1?arch=amd64&distro=debian-12`. */
export function purlOf(one: Package, { id, version }: Distribution): string {
  const qualifiers: string[] = [];
  if (one.architecture) qualifiers.push(`arch=${encode(one.architecture)}`);
  const isDistributed = one.kind === 'deb' || one.kind === 'apk' || one.kind === 'rpm';
  if (isDistributed && id) qualifiers.push(`distro=${encode(version ? `${id}-${version}` : id)}`);
  const ending = qualifiers.length > 0 ? `?${qualifiers.join('&')}` : '';
  return `pkg:${one.kind}/${pathOf(one, id)}@${encode(one.version)}${ending}`;
}

const usualDistribution: Record<string, string> = { deb: 'debian', apk: 'alpine', rpm: 'rpm' };

function pathOf({ kind, name }: Package, distribution: string): string {
  switch (kind) {
    case 'pypi':
      return encode(name.toLowerCase().replaceAll('_', '-'));
    case 'npm':
      return name.toLowerCase().split('/').map(encode).join('/');
    default:
      return `${encode(distribution || usualDistribution[kind]!)}/${encode(name)}`;
  }
}

/** As purl wants it: all but letters, digits and `.-_~:` escaped. */
function encode(text: string): string {
  const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, percent);
}
