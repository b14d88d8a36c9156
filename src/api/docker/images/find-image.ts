import {
  familiarReference,
  isIdPrefix,
  parseReference,
  type Reference,
} from '../../../core/index.ts';
import type { LocalImage } from '../../../store/index.ts';

/** The name of an image that a text means, or undefined when the text is its id or a prefix. */
export function referenceTo(image: LocalImage, text: string): Reference | undefined {
  const names = [...image.tags, ...image.repoDigests];
  const found = (reference: Reference) =>
    names.find((name) => familiarReference(name) === familiarReference(reference));
  if (!isIdPrefix(text)) {
    const reference = parseReference(text);
    // A name with tag and digest is known by its digest.
    return found(reference) ?? found({ ...reference, tag: undefined }) ?? reference;
  }
  // A short name such as "cafe" may look like an id; a name goes first.
  return text.includes(':') ? undefined : found(parseReference(text));
}
