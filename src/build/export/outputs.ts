import {
  BerthError,
  type Digest,
  errorKind,
  errorMessage,
  formatReference,
  invalid,
} from '../../core/index.ts';
import type { BuildEvent, BuildRequest, BuildResult, BuiltArchive } from '../builder.ts';
import type { Exports } from '../ports.ts';
import type { SolvedBuild } from '../session/session.ts';

/** Refuses outputs that cannot be, before anything is built. */
export function checkOutputs({ outputs = [], tags }: BuildRequest): void {
  const pushes = outputs.some(
    (output) => output.kind === 'registry' || (output.kind === 'image' && output.push),
  );
  if (pushes && tags.length === 0) {
    throw invalid('tag is needed when pushing to registry');
  }
}

/** Pushes and opens archives as the outputs ask. */
export async function makeOutputs(
  { imageId, solved }: { imageId: Digest; solved: SolvedBuild },
  options: {
    request: BuildRequest;
    exports: Exports;
    emit: (event: BuildEvent) => void;
    signal: AbortSignal;
  },
): Promise<Pick<BuildResult, 'archives' | 'manifestDigest'>> {
  const { request, exports } = options;
  const { outputs = [], tags } = request;
  const archives: BuiltArchive[] = [];
  let manifestDigest: Digest | undefined;
  for (const output of outputs) {
    switch (output.kind) {
      case 'registry':
        manifestDigest = await pushAll(imageId, options);
        break;
      case 'image':
        if (output.push) manifestDigest = await pushAll(imageId, options);
        break;
      case 'oci':
      case 'docker':
        archives.push({
          kind: output.kind,
          content: exports.archive(imageId, { format: output.kind, tags }),
        });
        break;
      case 'local':
      case 'tar':
        archives.push({
          kind: output.kind,
          content: exports.filesystem(solved.target.top.chain, { epochS: solved.epochS }),
          mount: () => solved.filesystems.view(solved.target.top.chain),
        });
    }
  }
  return { archives, manifestDigest };
}

async function pushAll(
  imageId: Digest,
  { request, exports, emit, signal }: Parameters<typeof makeOutputs>[1],
): Promise<Digest | undefined> {
  let manifestDigest: Digest | undefined;
  for (const reference of request.tags) {
    const task = 'pushing layers';
    emit({ kind: 'task-started', task, atMs: Date.now() });
    try {
      const pushed = await exports.push(imageId, reference, {
        auth: request.auth,
        signal,
        onProgress: ({ id, action, current, total }) =>
          emit({ kind: 'task-progress', task, id, action, current, total }),
      });
      manifestDigest = pushed.manifestDigest;
      emit({ kind: 'task-done', task, atMs: Date.now() });
    } catch (error) {
      throw taskFailure(task, error, {
        emit,
        what: `failed to push ${formatReference(reference)}`,
      });
    }
  }
  return manifestDigest;
}

/** The error of a task under way, with what it was about, after the task was told to have failed. */
export function taskFailure(
  task: string,
  error: unknown,
  { emit, what }: { emit: (event: BuildEvent) => void; what: string },
): unknown {
  const kind = errorKind(error);
  const failure =
    kind === 'canceled'
      ? error
      : new BerthError(kind, `${what}: ${errorMessage(error)}`, { cause: error });
  const detail = errorMessage(failure);
  emit({ kind: 'task-done', task, atMs: Date.now(), failed: true, detail });
  return failure;
}
