import {
  type Digest,
  invalid,
  isDigest,
  isRepositoryPath,
  isTag,
  parseDigest,
} from '../core/index.ts';

/** A repository's path within this registry, such as `library/ubuntu` (distribution-spec `<name>`). */
export type RepositoryName = string & { readonly __repositoryName: unique symbol };
/** A tag of up to 128 characters. */
export type Tag = string & { readonly __tag: unique symbol };

/** Throws `invalid` with code NAME_INVALID. */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryPath(text)) return text as RepositoryName;
  throw invalid(`invalid repository name: "${text.slice(0, 300)}"`, { code: 'NAME_INVALID' });
}

/** A digest when the text has a colon, else a tag. Throws `invalid`: DIGEST_INVALID, MANIFEST_INVALID. */
export function parseManifestReference(text: string): Digest | Tag {
  if (text.includes(':')) return parseDigest(text);
  if (isTag(text)) return text as Tag;
  throw invalid(`invalid tag: "${text.slice(0, 160)}"`, { code: 'MANIFEST_INVALID' });
}

/** Tags and digests cannot be mistaken for each other: a tag has no colon. */
export function isTagReference(reference: Digest | Tag): reference is Tag {
  return !isDigest(reference);
}
