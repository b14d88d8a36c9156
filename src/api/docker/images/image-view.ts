import { type Digest, familiarReference } from '../../../core/index.ts';
import type { ContainerDefaults, HistoryEntry } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { olderThan } from '../api-version.ts';
import { rfc3339, unixSeconds } from '../timestamp.ts';

export function createdAtMs(image: LocalImage): number {
  const { created } = image.config;
  const ms = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(ms) ? 0 : ms;
}

/** One line of `docker images`. */
export function imageSummary(
  image: LocalImage,
  options: { containers: number; sharedBytes: number; version: string | undefined },
): ImageSummary {
  const tags = image.tags.map(familiarReference).sort();
  const digests = image.repoDigests.map(familiarReference).sort();
  // Before API 1.43 an image without a name had this one.
  const nameless = tags.length === 0 && digests.length === 0 && olderThan(options.version, '1.43');
  const labels = image.config.config?.Labels;
  return {
    Containers: options.containers,
    Created: unixSeconds(createdAtMs(image)),
    Id: image.id,
    Labels: labels && Object.keys(labels).length > 0 ? labels : null,
    ParentId: image.parent ?? '',
    RepoDigests: nameless ? ['<none>@<none>'] : digests,
    RepoTags: nameless ? ['<none>:<none>'] : tags,
    SharedSize: options.sharedBytes,
    Size: image.sizeBytes,
    ...(olderThan(options.version, '1.44') && { VirtualSize: image.sizeBytes }),
  };
}

export interface ImageSummary {
  readonly Containers: number;
  readonly Created: number;
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly ParentId: string;
  readonly RepoDigests: readonly string[];
  readonly RepoTags: readonly string[];
  readonly SharedSize: number;
  readonly Size: number;
  readonly VirtualSize?: number;
}

/** The answer of `GET /images/:name/json`. */
export function imageView(
  image: LocalImage,
  { layerPaths, version }: { layerPaths: readonly string[]; version: string | undefined },
): unknown {
  const { config, sizeBytes } = image;
  return {
    Id: image.id,
    RepoTags: image.tags.map(familiarReference).sort(),
    RepoDigests: image.repoDigests.map(familiarReference).sort(),
    Parent: image.parent ?? '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? rfc3339(undefined),
    DockerVersion: '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    ...(config.variant && { Variant: config.variant }),
    Os: config.os,
    Size: sizeBytes,
    ...(olderThan(version, '1.44') && { VirtualSize: sizeBytes }),
    GraphDriver: graphDriver(layerPaths),
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: rfc3339(image.lastTaggedAtMs) },
    Config: {
      ...(olderThan(version, '1.50') && containerFields),
      ...defaultsView(config.config ?? {}),
    },
  };
}

/** The fields of a container's Config that images had too, until API 1.50. */
const containerFields = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

function defaultsView(defaults: ContainerDefaults): object {
  return {
    ...(defaults.ArgsEscaped && { ArgsEscaped: true }),
    Cmd: defaults.Cmd ?? null,
    Entrypoint: defaults.Entrypoint ?? null,
    Env: defaults.Env ?? null,
    ...(defaults.ExposedPorts && { ExposedPorts: defaults.ExposedPorts }),
    ...(defaults.Healthcheck && { Healthcheck: defaults.Healthcheck }),
    Labels: defaults.Labels ?? null,
    OnBuild: defaults.OnBuild ?? null,
    ...(defaults.Shell && { Shell: defaults.Shell }),
    ...(defaults.StopSignal && { StopSignal: defaults.StopSignal }),
    User: defaults.User ?? '',
    Volumes: defaults.Volumes ?? null,
    WorkingDir: defaults.WorkingDir ?? '',
  };
}

function graphDriver(layerPaths: readonly string[]): unknown {
  const [top = '', ...lower] = layerPaths.toReversed();
  const data = { ...(lower.length > 0 && { LowerDir: lower.join(':') }), UpperDir: top };
  return { Data: data, Name: 'overlay2' };
}

/** The answer of `GET /images/:name/history`: newest first, sizes from the layers. */
export function historyView(image: LocalImage): unknown[] {
  const { history = [], rootfs } = image.config;
  const entries: readonly HistoryEntry[] =
    history.length > 0 ? history : rootfs.diff_ids.map(() => ({}));
  let layer = 0;
  const views = entries.map((entry) => ({
    Comment: entry.comment ?? '',
    Created: entry.created === undefined ? 0 : unixSeconds(Date.parse(entry.created)),
    CreatedBy: entry.created_by ?? '',
    Id: '<missing>',
    Size: entry.empty_layer ? 0 : (image.layerSizesBytes[layer++] ?? 0),
    Tags: null as string[] | null,
  }));
  const newest = views.at(-1);
  if (newest) {
    newest.Id = image.id;
    newest.Tags = image.tags.length > 0 ? image.tags.map(familiarReference).sort() : null;
  }
  return views.reverse();
}

/** How many bytes each image shares with another, and how many all layers take, each once. */
export function layerUsage(images: readonly LocalImage[]): {
  sharedBytes: ReadonlyMap<Digest, number>;
  totalBytes: number;
} {
  const users = new Map<string, { sizeBytes: number; images: Digest[] }>();
  for (const { id, config, layerSizesBytes } of images) {
    let stack = '';
    config.rootfs.diff_ids.forEach((diffId, index) => {
      stack += diffId;
      const layer = users.get(stack) ?? { sizeBytes: layerSizesBytes[index] ?? 0, images: [] };
      layer.images.push(id);
      users.set(stack, layer);
    });
  }
  const sharedBytes = new Map<Digest, number>();
  let totalBytes = 0;
  for (const layer of users.values()) {
    totalBytes += layer.sizeBytes;
    if (layer.images.length < 2) continue;
    for (const id of layer.images)
      sharedBytes.set(id, (sharedBytes.get(id) ?? 0) + layer.sizeBytes);
  }
  return { sharedBytes, totalBytes };
}
