import { type Digest, isDigest } from './digest.ts';
import { invalid } from './errors.ts';

/**
 * A fully spelled image reference, as Docker normalises it: `ubuntu` is `docker.io/library/ubuntu`.
 * At least one of tag and digest is present after `parseReference` unless `defaultTag` is null.
 */
export interface Reference {
  /** host or host:port, `docker.io` for the Hub. */
  readonly domain: string;
  /** Path within the registry, lower case, such as `library/ubuntu`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const hub = 'docker.io';
const hubAliases = new Set(['index.docker.io', 'registry.hub.docker.com', 'registry-1.docker.io']);
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const longestName = 255;

/**
 * Parses what users type (distribution-spec names, Docker's defaults). Throws `invalid` with the
 * words "invalid reference format".
 */
export function parseReference(
  text: string,
  { defaultTag = 'latest' }: { defaultTag?: string | null } = {},
): Reference {
  const bad = (why: string) =>
    invalid(`invalid reference format: ${why}: "${text.slice(0, 300)}"`, { code: 'NAME_INVALID' });
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const candidate = rest.slice(at + 1);
    if (!isDigest(candidate)) throw bad('what follows @ is not a digest');
    digest = candidate;
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    if (!tagPattern.test(tag)) throw bad('the tag may have 128 letters, digits, "_", "." and "-"');
    rest = rest.slice(0, colon);
  }
  const { domain, path } = splitDomain(rest);
  if (!domainPattern.test(domain)) throw bad('the registry is not host or host:port');
  if (/[A-Z]/.test(path)) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`, {
      code: 'NAME_INVALID',
    });
  }
  if (!pathPattern.test(path)) throw bad('the name is not made of a-z, 0-9 and single separators');
  if (domain.length + path.length + 1 > longestName) throw bad('the name has over 255 characters');
  if (tag === undefined && digest === undefined && defaultTag !== null) tag = defaultTag;
  return { domain, path, ...(tag && { tag }), ...(digest && { digest }) };
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain =
    first !== '' && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = isDomain ? first : hub;
  const path = isDomain ? name.slice(slash + 1) : name;
  if (domain !== hub && !hubAliases.has(domain)) return { domain, path };
  return { domain: hub, path: path.includes('/') ? path : `library/${path}` };
}

/** The canonical spelling, domain and all: `docker.io/library/ubuntu:latest`. */
export function formatReference(reference: Reference): string {
  return withSuffix(`${reference.domain}/${reference.path}`, reference);
}

/** The spelling people type: the Hub's domain and `library/` left away. */
export function familiarReference(reference: Reference): string {
  return withSuffix(familiarName(reference), reference);
}

/** As `familiarReference`, without tag and digest: what Docker shows as REPOSITORY. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== hub) return `${domain}/${path}`;
  return path.startsWith('library/') && !path.slice(8).includes('/') ? path.slice(8) : path;
}

function withSuffix(name: string, { tag, digest }: Reference): string {
  return name + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** Whether the text is a repository's path within its registry (distribution-spec `<name>`). */
export function isRepositoryPath(text: string): boolean {
  return text.length <= longestName && pathPattern.test(text);
}

/** Whether the text is a tag (distribution-spec `<reference>`). */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Whether the text can be an image id or its prefix, as in `docker rmi 3fa1`. */
export function isIdPrefix(text: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{1,64}$/.test(text);
}
