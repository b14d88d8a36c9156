import type { BuildOutput, BuildResult } from '../../../build/index.ts';
import { invalid, parseReference, type Reference, unsupported } from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import type { TypedAttributes } from './control-messages.ts';

/** Where a client wants the result, and the names it gets. */
export interface Exporters {
  readonly outputs: readonly BuildOutput[];
  readonly tags: readonly Reference[];
  /** Names as the client wrote them. */
  readonly names: readonly string[];
  /** The client's place of each output that is sent to it. */
  readonly sent: readonly { readonly id: string; readonly type: string }[];
}

/**
 * Attributes of no consequence here: layers are kept once, unpacked, compressed when pushed, and bear
 * no time after SOURCE_DATE_EPOCH.
 */
const withoutEffect = new Set([
  ...['unpack', 'store', 'dangling-name-prefix', 'context', 'platform-split', 'dest'],
  ...['name-canonical', 'load', 'buildinfo', 'buildinfo-attrs', 'rewrite-timestamp'],
]);

/** Reads exporters. Throws `invalid` and `unsupported` for what cannot be had. */
export function exportersOf(specs: readonly TypedAttributes[]): Exporters {
  const outputs: BuildOutput[] = [];
  const names: string[] = [];
  const sent: { id: string; type: string }[] = [];
  for (const [index, { Type: type, Attrs: attributes }] of specs.entries()) {
    const output = outputOf(type, attributes);
    outputs.push(output);
    names.push(...(attributes.get('name') ?? '').split(',').filter(Boolean));
    if (['local', 'tar', 'oci', 'docker'].includes(output.kind))
      sent.push({ id: `${index}`, type });
  }
  if (outputs.length === 0) outputs.push({ kind: 'none' });
  return { outputs, names, tags: names.map((name) => tagOf(name)), sent };
}

function tagOf(name: string): Reference {
  const reference = parseReference(name);
  if (reference.digest) throw invalid(`invalid tag ${JSON.stringify(name)}: it holds a digest`);
  return reference;
}

function outputOf(type: string, attributes: ReadonlyMap<string, string>): BuildOutput {
  const known = knownAttributes[type];
  if (!known) throw unsupported(`exporter ${JSON.stringify(type)} could not be found`);
  for (const [name, value] of attributes) {
    if (known.has(name) || withoutEffect.has(name)) continue;
    throw unsupported(`exporter ${type}: the option ${name}=${value} is not supported`);
  }
  const isOn = (name: string) => attributes.get(name) === 'true';
  if (isOn('push-by-digest')) throw unsupported('exporter image: push-by-digest is not supported');
  const compression = attributes.get('compression') ?? 'gzip';
  if (compression !== 'gzip') {
    throw unsupported(`exporter ${type}: compression=${compression} is not supported: gzip`);
  }
  if (attributes.get('tar') === 'false') {
    throw unsupported(
      `exporter ${type}: tar=false is not supported: it would need a content store`,
    );
  }
  switch (type) {
    case 'moby':
    case 'image':
      return { kind: 'image', push: isOn('push') };
    case 'local':
    case 'tar':
    case 'oci':
    case 'docker':
      return { kind: type };
    default:
      return { kind: 'none' };
  }
}

const imageAttributes = ['name', 'push', 'push-by-digest', 'oci-mediatypes', 'compression'];
const knownAttributes: Readonly<Record<string, ReadonlySet<string>>> = {
  moby: new Set(imageAttributes),
  image: new Set(imageAttributes),
  local: new Set([]),
  tar: new Set([]),
  oci: new Set(['name', 'tar', 'oci-mediatypes', 'compression']),
  docker: new Set(['name', 'tar', 'oci-mediatypes', 'compression']),
  '': new Set([]),
  cacheonly: new Set([]),
};

/** Sends a result's archives to the client; gives what the exporters answer. */
export async function deliver(
  result: BuildResult,
  options: {
    exporters: Exporters;
    session: Session | undefined;
    /** Runs one delivery as a task of this name. */
    asTask: (task: string, work: () => Promise<void>) => Promise<void>;
    signal: AbortSignal;
  },
): Promise<Map<string, string>> {
  const { exporters, session, asTask, signal } = options;
  for (const [index, archive] of result.archives.entries()) {
    const { id, type } = exporters.sent[index]!;
    if (!session) throw invalid(`exporter ${type}: there is no session to send the result over`);
    await asTask(taskNames[archive.kind], async () => {
      if (archive.kind === 'local' && archive.mount) {
        await using mounted = await archive.mount();
        await session.sendFolder(mounted.rootPath, { output: id, signal });
      } else {
        const about = { 'containerimage.config.digest': result.imageId };
        await session.sendFile(archive.content, { output: id, about, signal });
      }
    });
  }
  return responseOf(result, exporters);
}

const taskNames = {
  local: 'exporting to client directory',
  tar: 'exporting to client tarball',
  oci: 'exporting to oci image format',
  docker: 'exporting to docker image format',
} as const;

function responseOf({ imageId, manifestDigest }: BuildResult, { names, outputs }: Exporters) {
  const response = new Map<string, string>();
  const isImage = outputs.some(({ kind }) => ['image', 'oci', 'docker'].includes(kind));
  if (!isImage) return response;
  response.set('containerimage.config.digest', imageId);
  response.set('containerimage.digest', manifestDigest ?? imageId);
  if (names.length > 0) response.set('image.name', names.join(','));
  return response;
}
