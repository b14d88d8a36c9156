import { invalid } from '../../core/index.ts';
import { quoteMember } from '../tar/member-text.ts';

/**
 * What a member of a layer stands for (image-spec, layer.md): itself; the deletion of `path` from
 * the layers below; a directory `path` of which the layers below show nothing; or bookkeeping of
 * AUFS, which is ignored.
 */
export type MemberRole =
  | { readonly kind: 'member' }
  | { readonly kind: 'whiteout'; readonly path: string }
  | { readonly kind: 'opaque'; readonly path: string }
  | { readonly kind: 'aufs-metadata' };

const prefix = '.wh.';
const opaqueName = '.wh..wh..opq';
const metadataPrefix = '.wh..wh.';

const member: MemberRole = { kind: 'member' };
const aufsMetadata: MemberRole = { kind: 'aufs-metadata' };

/**
 * The role of a member by its cleaned path. Throws `invalid` for a whiteout of its own folder or
 * the one above (`.wh..`, `.wh...`), of nothing (`.wh.`), or with members below it.
 */
export function memberRole(path: string): MemberRole {
  if (!path.includes(prefix)) return member;
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, Math.max(slash, 0));
  for (const part of directory.split('/')) {
    if (part.startsWith(metadataPrefix) && part !== opaqueName) return aufsMetadata;
    if (part.startsWith(prefix)) {
      throw invalid(
        `read layer: ${quoteMember(path)} lies below the whiteout ${quoteMember(part)}`,
      );
    }
  }
  const name = path.slice(slash + 1);
  if (name === opaqueName) return { kind: 'opaque', path: directory };
  if (name.startsWith(metadataPrefix)) return aufsMetadata;
  if (!name.startsWith(prefix)) return member;
  const hidden = name.slice(prefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw invalid(`read layer: whiteout ${quoteMember(path)} is outside of its folder`);
  }
  return { kind: 'whiteout', path: directory === '' ? hidden : `${directory}/${hidden}` };
}

/** Name of the member that deletes `path`, a cleaned path other than the root. */
export function whiteoutPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash + 1)}${prefix}${path.slice(slash + 1)}`;
}

/** Name of the member that makes the directory `path` opaque. */
export function opaquePath(path: string): string {
  return path === '' ? opaqueName : `${path}/${opaqueName}`;
}
