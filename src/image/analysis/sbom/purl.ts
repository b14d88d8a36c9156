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
  const isDistributed = one.kind === 'deb' || one.kind === 'apk' || one.kind === 'rpm';
  // rpm's epoch is a qualifier, dpkg's a part of the version.
  const [epoch, ownVersion] =
    one.kind === 'rpm' && one.version.includes(':')
      ? one.version.split(':', 2)
      : [undefined, one.version];
  const qualifiers = {
    arch: one.architecture,
    distro: isDistributed && id ? (version ? `${id}-${version}` : id) : undefined,
    epoch,
  };
  const told = Object.entries(qualifiers).filter(([, value]) => value);
  const ending = told.map(([name, value]) => `${name}=${encode(value!)}`).join('&');
  return `pkg:${one.kind}/${pathOf(one, id)}@${encode(ownVersion!)}${ending && `?${ending}`}`;
}

/** Names that distributions go by in package URLs, where os-release has another. */
const vendors: Record<string, string> = {
  rhel: 'redhat',
  'opensuse-leap': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
};
const usualVendors: Record<string, string> = { deb: 'debian', apk: 'alpine' };

function pathOf({ kind, name }: Package, distribution: string): string {
  switch (kind) {
    case 'pypi':
      return encode(name.toLowerCase().replaceAll('_', '-'));
    case 'npm':
      return name.toLowerCase().split('/').map(encode).join('/');
    default: {
      const vendor = vendors[distribution] ?? (distribution || usualVendors[kind]);
      return [...(vendor ? [vendor] : []), name].map(encode).join('/');
    }
  }
}

/** As purl wants it: all but letters, digits and `.-_~:` escaped. */
function encode(text: string): string {
  const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, percent);
}
