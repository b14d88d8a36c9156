import { type Digest, isDigest, type Platform } from '../../core/index.ts';
import type { Descriptor } from './descriptor.ts';
import {
  listOf,
  mapOf,
  mismatch,
  optional,
  type Read,
  shape,
  sizeInBytes,
  text,
} from './json-shape.ts';

export const digestText: Read<Digest> = (value, place) => {
  if (typeof value !== 'string' || !isDigest(value)) throw mismatch(value, place, 'a digest');
  return value;
};

const platform: Read<Platform> = shape({
  os: text,
  architecture: text,
  variant: optional(text),
  'os.version': optional(text),
});

const fields = shape({
  mediaType: text,
  digest: digestText,
  size: sizeInBytes,
  urls: optional(listOf(text)),
  annotations: optional(mapOf(text)),
  platform: optional(platform),
  artifactType: optional(text),
});

export const descriptor: Read<Descriptor> = (value, place) => {
  const read = fields(value, place);
  if (read.mediaType === '') throw mismatch('', `${place}.mediaType`, 'a media type');
  return read;
};
