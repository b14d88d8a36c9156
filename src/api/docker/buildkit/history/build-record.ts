/** A build of a client of BuildKit, as its history tells of it. */
export interface BuildRecord {
  /** The client's name for it. */
  readonly ref: string;
  readonly frontend: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly exporters: readonly {
    readonly type: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
  readonly createdAtMs: number;
  /** Absent while it runs. */
  readonly completedAtMs?: number;
  readonly failure?: BuildFailure;
  /** What its exporters answered. */
  readonly response: Readonly<Record<string, string>>;
  readonly steps: StepCounts;
  /** Kept until it is let go. */
  readonly pinned: boolean;
}

export interface BuildFailure {
  /** google.rpc.Code. */
  readonly code: number;
  readonly message: string;
  /** google.rpc.Status with what else is known, such as the place in the Dockerfile; in base64. */
  readonly status?: string;
}

/** Steps are all that has a vertex. */
export interface StepCounts {
  readonly total: number;
  readonly cached: number;
  readonly completed: number;
  readonly warnings: number;
}

/** Where records of builds that ended are kept. */
export interface BuildRecords {
  /** Adds the record, or replaces the one of its ref; old ones may have to go for it. */
  put(record: BuildRecord, log: Uint8Array): void;
  get(ref: string): BuildRecord | undefined;
  /** The oldest first. */
  list(): BuildRecord[];
  /** As it was put; undefined when there is no such record. */
  log(ref: string): Uint8Array | undefined;
  /** False when there is no such record. */
  setPinned(ref: string, pinned: boolean): boolean;
  delete(ref: string): boolean;
}
