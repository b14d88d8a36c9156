import { Readable } from 'node:stream';
import type { BuildMessage, BuildSpec, buildsClient } from '../../client/index.ts';
import { createIgnoreMatcher } from '../../dockerfile/index.ts';
import { type SessionOffers, serveSession, sessionHeaders } from '../../session/index.ts';
import type { OutputTarget } from './output-target.ts';

export type BuildOutcome = Extract<BuildMessage, { kind: 'result' | 'failure' }>;

/** Opens a context's tar; called once, when the build is announced. */
export type OpenContext = () => AsyncIterable<Uint8Array>;

/**
 * Announces the build, sends its contexts while it runs, and stores its outputs. Gives the result
 * or the failure; aborting cancels the build in the daemon.
 */
export async function runBuild(options: {
  builds: ReturnType<typeof buildsClient>;
  spec: BuildSpec;
  contexts: ReadonlyMap<string, OpenContext>;
  /** Folders of this machine, by the names of their contexts. */
  folders: ReadonlyMap<string, string>;
  targets: readonly OutputTarget[];
  onMessage: (message: BuildMessage) => void;
  signal: AbortSignal;
}): Promise<BuildOutcome> {
  const { builds, spec, contexts, folders, targets, onMessage, signal } = options;
  const { id } = await builds.announce(spec);
  await using _session = folders.size > 0 ? await serveFolders(builds, id, folders) : undefined;
  const ended = new AbortController();
  const uploading = Promise.all(
    [...contexts].map(([name, open]) =>
      builds.upload(
        id,
        name,
        Readable.from(open(), { objectMode: false }),
        AbortSignal.any([signal, ended.signal]),
      ),
    ),
  );
  // Until the build itself has failed, a broken upload is only one of its causes.
  let uploadError: unknown;
  uploading.catch((error: unknown) => {
    uploadError = error;
  });
  const outcome = await followBuild(builds.run(id, signal), onMessage);
  ended.abort();
  if (outcome === undefined)
    throw uploadError ?? new Error('the daemon ended the build without a result');
  if (outcome.kind === 'result') await storeOutputs(builds, id, targets);
  return outcome;
}

/** Lets the daemon read the folders until it is disposed of. */
async function serveFolders(
  builds: ReturnType<typeof buildsClient>,
  id: string,
  folders: ReadonlyMap<string, string>,
): Promise<AsyncDisposable> {
  const served = [...folders].map(([name, root]) => [name, { root }] as const);
  const offers: SessionOffers = {
    folders: { folders: Object.fromEntries(served), patterns: createIgnoreMatcher },
  };
  return serveSession(await builds.session(id, sessionHeaders(offers, { id })), offers);
}

async function followBuild(
  messages: AsyncIterable<BuildMessage>,
  onMessage: (message: BuildMessage) => void,
): Promise<BuildOutcome | undefined> {
  for await (const message of messages) {
    if (message.kind === 'result' || message.kind === 'failure') return message;
    onMessage(message);
  }
  return undefined;
}

/** Archives come in the order of the outputs that have one. */
async function storeOutputs(
  builds: ReturnType<typeof buildsClient>,
  id: string,
  targets: readonly OutputTarget[],
): Promise<void> {
  const stored = targets.filter((target) => target.store !== undefined);
  for (const [index, target] of stored.entries())
    await target.store!(await builds.output(id, index));
  if (stored.length > 0) await builds.drop(id);
}
