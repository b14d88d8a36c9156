import type { BuildRequest, StepFailureDetails } from '../../../build/index.ts';
import { BerthError, errorMessage, familiarReference, shortId } from '../../../core/index.ts';
import type { Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { exitCodeOf, type ProgressMessage, progressReply, type SendProgress } from '../progress.ts';
import { buildRequestOf } from './build-query.ts';
import { classicOutput } from './classic-output.ts';
import { placeText } from './place-text.ts';
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
        const place = placeOf(error, wanted.dockerfile);
        if (place) send({ stream: `${place}\n` });
        throw withLine(error, wanted.dockerfile);
      } finally {
        running.delete(id);
      }
    },
    { describe: describeFailure },
  );
}

/** Where a failed step stands: file, line and its text. Not of a file that cannot be parsed. */
function placeOf(error: unknown, file: BuildRequest['dockerfile']): string | undefined {
  const { line, text } = detailsOf<StepFailureDetails>(error);
  return line === undefined || text === undefined ? undefined : lineText(file, line, text);
}

function lineText(file: BuildRequest['dockerfile'], line: number, text: string): string {
  const fileName = 'path' in file ? file.path : file.fileName;
  return placeText({ fileName, line, excerpt: { firstLine: line, lines: [text] } })!;
}

function detailsOf<Details>(error: unknown): Partial<Details> {
  return error instanceof BerthError ? ((error.details ?? {}) as Partial<Details>) : {};
}

function sayBuilt(send: SendProgress, imageId: string, tags: readonly string[]): void {
  send({ aux: { ID: imageId } });
  send({ stream: `Successfully built ${shortId(imageId)}\n` });
  for (const tag of tags) send({ stream: `Successfully tagged ${tag}\n` });
}

/** The error of a file that cannot be parsed, the line itself added to its message. */
function withLine(error: unknown, file: BuildRequest['dockerfile']): unknown {
  const { line, lineText: text } = detailsOf<{ line: number; lineText: string }>(error);
  if (line === undefined || text === undefined) return error;
  const message = `${errorMessage(error)}\n${lineText(file, line, text)}`;
  return new BerthError((error as BerthError).kind, message, { cause: error });
}

/** A failed step in the classic builder's words, with its exit code. */
function describeFailure(error: unknown): { code?: number; message: string } {
  const details = detailsOf<StepFailureDetails>(error);
  const code = exitCodeOf(error);
  return {
    ...(code !== undefined && { code }),
    message: details.classicMessage ?? errorMessage(error),
  };
}
