import type { Digest } from '../../core/index.ts';
import type { Inputs } from '../cache/inputs.ts';
import type { CommittedStep } from '../ports.ts';

/** Something a step says while it is made. */
export type StepNote =
  | { readonly kind: 'running'; readonly containerId: string }
  | {
      readonly kind: 'output';
      readonly stream: 'stdout' | 'stderr';
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'progress';
      readonly id: string;
      readonly current: number;
      readonly total: number;
    };

/** Bytes of output in a note. */
export function noteBytes(note: StepNote): number {
  return note.kind === 'output' ? note.bytes.length : 0;
}

/** A step that makes a layer, ready to be looked up in the cache. */
export interface LayerStep {
  /** Inputs that are known without looking at content, where those fix the content as well. */
  readonly quick: Inputs | undefined;
  look(signal: AbortSignal): Promise<LookedStep>;
}

/** A step whose inputs are all known. */
export interface LookedStep {
  readonly inputs: Inputs;
  /** Texts that inputs are digests of. */
  readonly details: ReadonlyMap<Digest, string>;
  /** The result follows from the inputs: COPY, unlike RUN. */
  readonly deterministic: boolean;
  /** Makes the layer. `attempt.tell` reports; an abort of its signal undoes all. */
  make(attempt: Attempt): Promise<MadeLayer>;
}

export interface Attempt {
  readonly signal: AbortSignal;
  /** Layers that were made before may be used. */
  readonly mayReuse: boolean;
  tell(note: StepNote): void;
}

export type MadeLayer = CommittedStep & { readonly contentDigest?: Digest };
