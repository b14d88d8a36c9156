import type { ImageConfig } from './image-config.ts';
import {
  flag,
  integer,
  listOf,
  mapOf,
  mismatch,
  optional,
  parseDocument,
  type Read,
  shape,
  text,
} from './json-shape.ts';
import { digestText } from './parse-descriptor.ts';

/** Docker takes a lone string where a list of words is meant. */
const words: Read<string[]> = (value, place) =>
  typeof value === 'string' ? [value] : listOf(text)(value, place);

/** A set, as Go writes one: keys of empty objects. What the values hold is left out. */
const set: Read<Record<string, Record<string, never>>> = mapOf(() => ({}));

const layersType: Read<'layers'> = (value, place) => {
  if (value !== 'layers') throw mismatch(value, place, '"layers"');
  return value;
};

const healthcheck = shape({
  Test: optional(words),
  Interval: optional(integer),
  Timeout: optional(integer),
  StartPeriod: optional(integer),
  StartInterval: optional(integer),
  Retries: optional(integer),
});

const containerDefaults = shape({
  User: optional(text),
  ExposedPorts: optional(set),
  Env: optional(listOf(text)),
  Entrypoint: optional(words),
  Cmd: optional(words),
  Volumes: optional(set),
  WorkingDir: optional(text),
  Labels: optional(mapOf(text)),
  StopSignal: optional(text),
  Healthcheck: optional(healthcheck),
  OnBuild: optional(words),
  Shell: optional(words),
  ArgsEscaped: optional(flag),
});

const historyEntry = shape({
  created: optional(text),
  author: optional(text),
  created_by: optional(text),
  comment: optional(text),
  empty_layer: optional(flag),
});

const imageConfig = shape({
  architecture: optional(text),
  os: optional(text),
  variant: optional(text),
  created: optional(text),
  author: optional(text),
  config: optional(containerDefaults),
  rootfs: shape({ type: layersType, diff_ids: listOf(digestText) }),
  history: optional(listOf(historyEntry)),
});

/**
 * The value of a configuration blob (image-spec, config.md). Fields Berth has no use for are left
 * out, so it is the raw bytes that are kept and passed on. An image that names no platform is for
 * Linux on any architecture (''). Throws `invalid`.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const found = parseDocument(bytes, 'image config', imageConfig);
  return { ...found, architecture: found.architecture ?? '', os: found.os || 'linux' };
}
