import { message } from '../../../../core/index.ts';
import type { UnaryMethod } from '../../../../session/index.ts';
import { controlPath, rpcStatusFields } from '../control-messages.ts';
import { timestamp, timestampOf } from '../status-messages.ts';
import type { HistoryEvent, HistoryQuestion } from './build-history.ts';
import type { BuildRecord } from './build-record.ts';
import { statusContent } from './status-content.ts';

/* The history of moby.buildkit.v1.Control (BuildKit, api/services/control/control.proto). */

export const historyPath = controlPath('ListenBuildHistory');
export const historyRequest = message<HistoryQuestion>({
  ActiveOnly: [1, 'bool'],
  Ref: [2, 'string'],
  EarlyExit: [3, 'bool'],
  Filter: [4, 'string', 'repeated'],
  Limit: [5, 'int32'],
});

export const updateHistory: UnaryMethod<
  { Ref: string; Pinned: boolean; Delete: boolean; Finalize: boolean },
  Record<string, never>
> = {
  path: controlPath('UpdateBuildHistory'),
  request: message({
    Ref: [1, 'string'],
    Pinned: [2, 'bool'],
    Delete: [3, 'bool'],
    Finalize: [4, 'bool'],
  }),
  response: message({}),
};

const attributes = (number: number) => [number, 'string', 'map'] as const;
const descriptor = {
  media_type: [1, 'string'],
  digest: [2, 'string'],
  size: [3, 'int64'],
} as const;

const record = {
  Ref: [1, 'string'],
  Frontend: [2, 'string'],
  FrontendAttrs: attributes(3),
  Exporters: [4, { Type: [1, 'string'], Attrs: attributes(2) }, 'repeated'],
  error: [5, rpcStatusFields],
  CreatedAt: [6, timestamp],
  CompletedAt: [7, timestamp],
  ExporterResponse: attributes(9),
  // A map by number, whose entries are messages of key and value.
  Result: [10, { Results: [3, { key: [1, 'int64'], value: [2, descriptor] }, 'repeated'] }],
  pinned: [14, 'bool'],
  numCachedSteps: [15, 'int32'],
  numTotalSteps: [16, 'int32'],
  numCompletedSteps: [17, 'int32'],
  externalError: [18, descriptor],
  numWarnings: [19, 'int32'],
} as const;

/** What is told of the history; `record` is as `recordView` gives it. */
export interface HistoryMessage {
  readonly type: number;
  readonly record: ReturnType<typeof recordView>;
}
export const historyEvent = message<HistoryMessage>({
  type: [1, 'int32'],
  record: [2, record],
});

const kinds = { started: 0, completed: 1, deleted: 2 } as const;

export function historyMessage({ kind, record }: HistoryEvent): HistoryMessage {
  return { type: kinds[kind], record: recordView(record) };
}

const configType = 'application/vnd.docker.container.image.v1+json';

function recordView(record: BuildRecord) {
  const { createdAtMs, completedAtMs, failure, response, steps } = record;
  const imageId = response['containerimage.config.digest'];
  const config = { media_type: configType, digest: imageId };
  const external = statusContent(failure);
  return {
    Ref: record.ref,
    Frontend: record.frontend,
    FrontendAttrs: Object.entries(record.attributes),
    Exporters: record.exporters.map(({ type, attributes }) => ({
      Type: type,
      Attrs: Object.entries(attributes),
    })),
    error: failure && { code: failure.code, message: failure.message },
    CreatedAt: timestampOf(createdAtMs),
    CompletedAt: completedAtMs === undefined ? undefined : timestampOf(completedAtMs),
    ExporterResponse: Object.entries(response),
    Result: imageId ? { Results: [{ key: 0, value: config }] } : undefined,
    pinned: record.pinned,
    numCachedSteps: steps.cached,
    numTotalSteps: steps.total,
    numCompletedSteps: steps.completed,
    externalError: external && {
      media_type: 'application/vnd.googleapis.google.rpc.status+proto',
      digest: external.digest,
      size: external.bytes.length,
    },
    numWarnings: steps.warnings,
  };
}
