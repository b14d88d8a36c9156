import type { StepFailureDetails } from '../../../build/index.ts';
import { BerthError, errorMessage, familiarReference, shortId } from '../../../core/index.ts';
import type { Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { exitCodeOf, type ProgressMessage, progressReply, type SendProgress } from '../progress.ts';
import { buildRequestOf } from './build-query.ts';
import { classicOutput } from './classic-output.ts';
import type { BuildPorts } from './ports.ts';

/** Builds under way that named themselves, so that `POST /build/cancel` can end them. */
export type RunningBuilds = Map<string, AbortController>;

/** `docker build` by the classic protocol. With `q` it says the image's id and nothing else. */
export function buildImage(ports: BuildPorts, running: RunningBuilds, request: ApiRequest): Reply {
  const { query } = request;
  const wanted = buildRequestOf(request);
  const quiet = query.flag('q');
  const id = query.text('buildid');
  const canceler = new AbortController();
  const signal = AbortSignal.any([request.signal, canceler.signal]);
  return progressReply(
    async (send) => {
      const held: ProgressMessage[] = [];
      const output = classicOutput(quiet ? (message) => held.push(message) : send);
      if (id !== '') running.set(id, canceler);
      try {
        await using result = await ports.builder.build(wanted, { ...output, signal });
        if (quiet) send({ stream: `${result.imageId}\n` });
        else sayBuilt(send, result.imageId, wanted.tags.map(familiarReference));
      } catch (error) {
        output.flush();
        for (const message of held) send(message);
        throw error;
      } finally {
        running.delete(id);
      }
    },
    { describe: describeFailure },
  );
}

function sayBuilt(send: SendProgress, imageId: string, tags: readonly string[]): void {
  send({ aux: { ID: imageId } });
  send({ stream: `Successfully built ${shortId(imageId)}\n` });
  for (const tag of tags) send({ stream: `Successfully tagged ${tag}\n` });
}

/** A failed step in the classic builder's words, with its exit code. */
function describeFailure(error: unknown): { code?: number; message: string } {
  const details = error instanceof BerthError ? (error.details as Partial<StepFailureDetails>) : {};
  const code = exitCodeOf(error);
  return {
    ...(code !== undefined && { code }),
    message: details?.classicMessage ?? errorMessage(error),
  };
}
