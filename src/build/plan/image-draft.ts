import type { Platform } from '../../core/index.ts';
import type { ContainerDefaults, HistoryEntry, ImageConfig } from '../../image/index.ts';

/** The PATH an image gets that names none, as Docker sets it. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const historyComment = 'buildkit.dockerfile.v0';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A history entry of this Dockerfile, whose time is known once its step is done. */
export interface DraftEntry extends HistoryEntry {
  /** The step that made the layer, or after whose layer it stands. */
  readonly step: number;
}

/**
 * An image's configuration while its stage is planned. What grows stands in maps, sets and lists,
 * so that a stage of many lines costs no more per line than one of few.
 */
export interface ImageDraft {
  platform: Platform;
  author: string | undefined;
  /** All that does not stand beside it. */
  readonly config: PlainConfig;
  readonly env: Map<string, string>;
  readonly labels: Map<string, string>;
  readonly volumes: Set<string>;
  readonly ports: Set<string>;
  /** Its own ONBUILD triggers. */
  readonly triggers: string[];
  /** What the base image brought. */
  readonly baseHistory: readonly HistoryEntry[];
  readonly history: DraftEntry[];
}

type PlainConfig = Mutable<
  Omit<ContainerDefaults, 'Env' | 'Labels' | 'Volumes' | 'ExposedPorts' | 'OnBuild'>
>;

/** The draft of a stage `FROM scratch`. */
export function emptyDraft(platform: Platform): ImageDraft {
  return {
    platform,
    author: undefined,
    config: { WorkingDir: '/' },
    env: new Map([['PATH', defaultPath]]),
    labels: new Map(),
    volumes: new Set(),
    ports: new Set(),
    triggers: [],
    baseHistory: [],
    history: [],
  };
}

/** The draft of a stage on an image; the image's triggers are not its own. */
export function draftFromImage(image: ImageConfig): ImageDraft {
  const { Env, Labels, Volumes, ExposedPorts, OnBuild: _, ...config } = image.config ?? {};
  const env = new Map<string, string>();
  for (const pair of Env ?? []) {
    const { key, value } = splitPair(pair);
    env.set(key, value);
  }
  if (!env.has('PATH')) env.set('PATH', defaultPath);
  const { os, architecture, variant } = image;
  return {
    platform: { os, architecture, ...(variant && { variant }) },
    author: image.author,
    config: withoutEmpty(config),
    env,
    labels: new Map(Object.entries(Labels ?? {})),
    volumes: new Set(Object.keys(Volumes ?? {})),
    ports: new Set(Object.keys(ExposedPorts ?? {})),
    triggers: [],
    baseHistory: image.history ?? [],
    history: [],
  };
}

/** The draft of a stage on another stage; that stage's triggers are not its own. */
export function draftFromStage(base: ImageDraft): ImageDraft {
  return {
    ...base,
    config: structuredClone(base.config),
    env: new Map(base.env),
    labels: new Map(base.labels),
    volumes: new Set(base.volumes),
    ports: new Set(base.ports),
    triggers: [],
    history: [...base.history],
  };
}

/** Adds a history entry as BuildKit writes it; `withLayer` for a step that makes a layer. */
export function record(
  draft: ImageDraft,
  entry: { createdBy: string; step: number; withLayer: boolean },
): void {
  draft.history.push({
    step: entry.step,
    created_by: entry.createdBy,
    comment: historyComment,
    ...(!entry.withLayer && { empty_layer: true }),
  });
}

/** The key and value of `KEY=value`; without `=` the value is empty. */
export function splitPair(pair: string): { key: string; value: string } {
  const equals = pair.indexOf('=');
  if (equals < 0) return { key: pair, value: '' };
  return { key: pair.slice(0, equals), value: pair.slice(equals + 1) };
}

function withoutEmpty<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
  return structuredClone(Object.fromEntries(entries)) as T;
}
