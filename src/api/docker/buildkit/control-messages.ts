import { message } from '../../../core/index.ts';
import type { UnaryMethod } from '../../../session/index.ts';
import { type Timestamp, timestamp } from './status-messages.ts';

/*
 * moby.buildkit.v1.Control and moby.buildkit.v1.frontend.LLBBridge (BuildKit, api/services/control/
 * control.proto, frontend/gateway/pb/gateway.proto), as far as their clients drive a Dockerfile build.
 */

type Attributes = ReadonlyMap<string, string>;
const attributes = (number: number) => [number, 'string', 'map'] as const;

export interface TypedAttributes {
  readonly Type: string;
  readonly Attrs: Attributes;
}
const typed = { Type: [1, 'string'], Attrs: attributes(2) } as const;

export const controlPath = (method: string) => `/moby.buildkit.v1.Control/${method}`;
const bridgePath = (method: string) => `/moby.buildkit.v1.frontend.LLBBridge/${method}`;

const nothing = message<Record<string, never>>({});
const platform = {
  Architecture: [1, 'string'],
  OS: [2, 'string'],
  Variant: [3, 'string'],
} as const;
const workerRecord = {
  ID: [1, 'string'],
  Labels: attributes(2),
  platforms: [3, platform, 'repeated'],
} as const;

export interface WorkerRecord {
  readonly ID: string;
  readonly Labels: Attributes;
  readonly platforms: readonly { Architecture: string; OS: string; Variant?: string }[];
}

export interface ControlSolve {
  readonly Ref: string;
  readonly Definition: Uint8Array;
  readonly ExporterDeprecated: string;
  readonly ExporterAttrsDeprecated: Attributes;
  readonly Session: string;
  readonly Frontend: string;
  readonly FrontendAttrs: Attributes;
  /** Not for the history. */
  readonly Internal: boolean;
  readonly Cache: CacheOptions | null;
  readonly Entitlements: readonly string[];
  readonly SourcePolicy: Uint8Array;
  readonly Exporters: readonly TypedAttributes[];
}

export interface CacheOptions {
  readonly Exports: readonly TypedAttributes[];
  readonly Imports: readonly TypedAttributes[];
}

export const solve: UnaryMethod<ControlSolve, { ExporterResponse: Attributes }> = {
  path: controlPath('Solve'),
  request: message({
    Ref: [1, 'string'],
    Definition: [2, 'bytes'],
    ExporterDeprecated: [3, 'string'],
    ExporterAttrsDeprecated: attributes(4),
    Session: [5, 'string'],
    Frontend: [6, 'string'],
    FrontendAttrs: attributes(7),
    Cache: [8, { Exports: [4, typed, 'repeated'], Imports: [5, typed, 'repeated'] }],
    Entitlements: [9, 'string', 'repeated'],
    Internal: [11, 'bool'],
    SourcePolicy: [12, 'bytes'],
    Exporters: [13, typed, 'repeated'],
  }),
  response: message({ ExporterResponse: attributes(1) }),
};

export const sessionPath = controlPath('Session');

export const statusPath = controlPath('Status');
export const statusRequest = message<{ Ref: string }>({ Ref: [1, 'string'] });

export const listWorkers: UnaryMethod<
  Record<string, never>,
  { record: readonly WorkerRecord[] }
> = {
  path: controlPath('ListWorkers'),
  request: nothing,
  response: message({ record: [1, workerRecord, 'repeated'] }),
};

export const info: UnaryMethod<
  Record<string, never>,
  { buildkitVersion: { package: string; version: string; revision: string } }
> = {
  path: controlPath('Info'),
  request: nothing,
  response: message({
    buildkitVersion: [
      1,
      { package: [1, 'string'], version: [2, 'string'], revision: [3, 'string'] },
    ],
  }),
};

export interface UsageRecord {
  readonly ID: string;
  /** Whether builds write to it. */
  readonly Mutable: boolean;
  readonly InUse: boolean;
  readonly Size: number;
  readonly CreatedAt: Timestamp;
  readonly LastUsedAt?: Timestamp;
  readonly UsageCount: number;
  readonly Description: string;
  readonly RecordType: string;
  readonly Shared: boolean;
  readonly Parents: readonly string[];
}
const usageRecord = {
  ID: [1, 'string'],
  Mutable: [2, 'bool'],
  InUse: [3, 'bool'],
  Size: [4, 'int64'],
  CreatedAt: [6, timestamp],
  LastUsedAt: [7, timestamp],
  UsageCount: [8, 'int64'],
  Description: [9, 'string'],
  RecordType: [10, 'string'],
  Shared: [11, 'bool'],
  Parents: [12, 'string', 'repeated'],
} as const;

export interface DiskUsageRequest {
  readonly filter: readonly string[];
  /** Nanoseconds. */
  readonly ageLimit: string;
}
export const diskUsage: UnaryMethod<DiskUsageRequest, { record: readonly UsageRecord[] }> = {
  path: controlPath('DiskUsage'),
  request: message({ filter: [1, 'string', 'repeated'], ageLimit: [2, 'int64'] }),
  response: message({ record: [1, usageRecord, 'repeated'] }),
};

export interface PruneRequest {
  readonly filter: readonly string[];
  readonly all: boolean;
  /** Nanoseconds. */
  readonly keepDuration: string;
  readonly reservedSpace: string;
  readonly maxUsedSpace: string;
  readonly minFreeSpace: string;
}
export const prunePath = controlPath('Prune');
export const pruneRequest = message<PruneRequest>({
  filter: [1, 'string', 'repeated'],
  all: [2, 'bool'],
  keepDuration: [3, 'int64'],
  reservedSpace: [4, 'int64'],
  maxUsedSpace: [5, 'int64'],
  minFreeSpace: [6, 'int64'],
});
export const pruneResponse = message<UsageRecord>(usageRecord);

/** Header that names the build a call of LLBBridge belongs to. */
export const buildIdHeader = 'buildkit-controlapi-buildid';

const capability = { ID: [1, 'string'], Enabled: [2, 'bool'] } as const;

export const ping: UnaryMethod<
  Record<string, never>,
  {
    FrontendAPICaps: readonly { ID: string; Enabled: boolean }[];
    LLBCaps: readonly { ID: string; Enabled: boolean }[];
    Workers: readonly WorkerRecord[];
  }
> = {
  path: bridgePath('Ping'),
  request: nothing,
  response: message({
    FrontendAPICaps: [1, capability, 'repeated'],
    LLBCaps: [2, capability, 'repeated'],
    Workers: [3, workerRecord, 'repeated'],
  }),
};

export interface BridgeResult {
  readonly refDeprecated?: string;
  readonly ref?: { readonly id: string; readonly def?: Uint8Array };
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}
const result = {
  refDeprecated: [1, 'string'],
  ref: [3, { id: [1, 'string'], def: [2, 'bytes'] }],
  metadata: [10, 'bytes', 'map'],
} as const;

export interface BridgeSolve {
  readonly Definition: Uint8Array;
  readonly Frontend: string;
  readonly FrontendOpt: Attributes;
  readonly allowResultReturn: boolean;
  readonly allowResultArrayRef: boolean;
  readonly FrontendInputs: ReadonlyMap<string, Uint8Array>;
  readonly CacheImports: readonly TypedAttributes[];
}

export const bridgeSolve: UnaryMethod<BridgeSolve, { ref: string; result: BridgeResult }> = {
  path: bridgePath('Solve'),
  request: message({
    Definition: [1, 'bytes'],
    Frontend: [2, 'string'],
    FrontendOpt: attributes(3),
    allowResultReturn: [5, 'bool'],
    allowResultArrayRef: [6, 'bool'],
    FrontendInputs: [13, 'bytes', 'map'],
    CacheImports: [12, typed, 'repeated'],
  }),
  response: message({ ref: [1, 'string'], result: [3, result] }),
};

export const evaluate: UnaryMethod<{ Ref: string }, Record<string, never>> = {
  path: bridgePath('Evaluate'),
  request: message({ Ref: [1, 'string'] }),
  response: nothing,
};

export interface ReturnedStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { type_url: string; value: Uint8Array }[];
}
/** google.rpc.Status. */
export const rpcStatusFields = {
  code: [1, 'int32'],
  message: [2, 'string'],
  details: [3, { type_url: [1, 'string'], value: [2, 'bytes'] }, 'repeated'],
} as const;

export const bridgeReturn: UnaryMethod<
  { result: BridgeResult | null; error: ReturnedStatus | null },
  Record<string, never>
> = {
  path: bridgePath('Return'),
  request: message({ result: [1, result], error: [2, rpcStatusFields] }),
  response: nothing,
};
