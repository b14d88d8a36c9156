import { isPlain, type Package, plainLicense } from './package.ts';

const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  size: 1009,
  license: 1014,
  architecture: 1022,
} as const;

/** One package header: counts, an index of 16-byte entries, and the data these point into. */
export function readRpmHeader(bytes: Buffer): Package | undefined {
  if (bytes.length < 8) return undefined;
  const entries = bytes.readUInt32BE(0);
  const dataStart = 8 + entries * 16;
  if (dataStart > bytes.length) return undefined;
  const offsets = new Map<number, number>();
  for (let entry = 0; entry < entries; entry++) {
    const at = 8 + entry * 16;
    offsets.set(bytes.readUInt32BE(at), dataStart + bytes.readUInt32BE(at + 8));
  }
  const text = (tag: number) => {
    const start = offsets.get(tag);
    if (start === undefined || start >= bytes.length) return undefined;
    const end = bytes.indexOf(0, start);
    return end < 0 ? undefined : bytes.toString('utf8', start, end);
  };
  const integer = (tag: number) => {
    const start = offsets.get(tag);
    return start === undefined || start + 4 > bytes.length ? undefined : bytes.readUInt32BE(start);
  };
  return packageOf(text, integer);
}

function packageOf(
  text: (tag: number) => string | undefined,
  integer: (tag: number) => number | undefined,
): Package | undefined {
  const name = text(tags.name);
  const version = `${text(tags.version)}-${text(tags.release)}`;
  const epoch = integer(tags.epoch);
  const architecture = text(tags.architecture);
  // The keys that packages are signed with stand in the same table.
  if (!isPlain(name) || !isPlain(version) || name === 'gpg-pubkey') return undefined;
  const sizeBytes = integer(tags.size);
  return {
    kind: 'rpm',
    name,
    version: epoch ? `${epoch}:${version}` : version,
    ...(isPlain(architecture) && { architecture }),
    ...plainLicense(text(tags.license)),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
}
