import type { Digest } from '../../core/index.ts';
import type { ContainerDefaults, HistoryEntry, ImageConfig } from '../../image/index.ts';
import type { ImageDraft } from '../plan/image-draft.ts';

export interface ConfigOptions {
  /** Of all layers, from the bottom up. */
  readonly diffIds: readonly Digest[];
  /** When the layer of a step was made, by the step's number. */
  readonly layerTimesMs: ReadonlyMap<number, number>;
  /** Labels of the request, over those of the Dockerfile. */
  readonly labels: Readonly<Record<string, string>>;
  /** SOURCE_DATE_EPOCH: the time of all that this build made. */
  readonly epochS: number | undefined;
}

/** The image's configuration, its fields in the order in which BuildKit writes them. */
export function imageConfig(draft: ImageDraft, options: ConfigOptions): ImageConfig {
  const { platform, author } = draft;
  const history = finishedHistory(draft, options);
  const created =
    options.epochS === undefined ? history.at(-1)?.created : timeText(options.epochS * 1000);
  return {
    architecture: platform.architecture,
    ...(author && { author }),
    config: containerDefaults(draft, options.labels),
    ...(created && { created }),
    history,
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: options.diffIds },
    ...(platform.variant && { variant: platform.variant }),
  };
}

/** As `containerDefaults`, only what is there and not empty. */
function containerDefaults(
  { config, env, labels, volumes, ports, triggers }: ImageDraft,
  extraLabels: ConfigOptions['labels'],
): ContainerDefaults {
  const all: ContainerDefaults = {
    User: config.User,
    ExposedPorts: namesSet(ports),
    Env: [...env].map(([name, value]) => `${name}=${value}`),
    Entrypoint: config.Entrypoint,
    Cmd: config.Cmd,
    Volumes: namesSet(volumes),
    WorkingDir: config.WorkingDir,
    Labels: sorted({ ...Object.fromEntries(labels), ...extraLabels }),
    StopSignal: config.StopSignal,
    ArgsEscaped: config.ArgsEscaped,
    Healthcheck: config.Healthcheck,
    OnBuild: triggers,
    Shell: config.Shell,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || value === false;
}

function namesSet(names: ReadonlySet<string>): Record<string, Record<string, never>> {
  return Object.fromEntries([...names].sort().map((name) => [name, {}]));
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Times as BuildKit gives them: a layer's entry has its layer's; an entry without a layer has that
 * of the layer before it or, before the first one made here, of that first one. An image that only
 * changes metadata so keeps its base's time, and its digest with it.
 */
function finishedHistory(draft: ImageDraft, options: ConfigOptions): HistoryEntry[] {
  const { epochS, layerTimesMs } = options;
  const own = draft.history.map(({ step, ...entry }): HistoryEntry => {
    if (epochS !== undefined) return { created: timeText(epochS * 1000), ...entry };
    const timeMs = entry.empty_layer ? undefined : layerTimesMs.get(step);
    return timeMs === undefined ? entry : { created: timeText(timeMs), ...entry };
  });
  const firstMade = own.find(({ created }) => created !== undefined)?.created;
  const newestOfBase = draft.baseHistory.findLast(({ created }) => created)?.created;
  let last = firstMade ?? newestOfBase;
  const filled = own.map((entry) => {
    last = entry.created ?? last;
    return last === undefined ? entry : { ...entry, created: last };
  });
  return [...draft.baseHistory, ...filled.map(ordered)];
}

function ordered({ created, created_by, comment, empty_layer }: HistoryEntry): HistoryEntry {
  return {
    ...(created && { created }),
    created_by,
    comment,
    ...(empty_layer && { empty_layer }),
  };
}

/** RFC 3339, without a fraction where there is none. */
function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
