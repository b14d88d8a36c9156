import type { StreamName } from '../json-log/json-line.ts';

/** Where and how the output of a container is kept. */
export interface LogTarget {
  readonly path: string;
  /** Rotated before it grows past this; undefined for never. */
  readonly maxSizeBytes?: number;
  /** Files kept, the current one included. */
  readonly maxFiles: number;
  readonly compress: boolean;
  /** JSON text of an object put into each entry; '' for none. */
  readonly attributes: string;
}

export interface OpenOptions {
  readonly id: string;
  /** Fifos by stream; a terminal has stdout alone. */
  readonly fifos: Readonly<Partial<Record<StreamName, string>>>;
  /** Folder of this run's own, for what was taken from the fifos and not yet delivered. */
  readonly journalPath: string;
  /** Undefined: nothing is logged. */
  readonly log?: LogTarget;
  /** Goes on where a daemon before stopped; otherwise what the folder holds is dropped. */
  readonly resume: boolean;
}

export interface SubscribeOptions {
  readonly id: string;
  readonly subscriber: number;
  /** Holds the container back when it does not keep up; otherwise it is cut off. */
  readonly mayHoldBack: boolean;
  /** From what the log does not hold yet, instead of from now: for who reads the log first. */
  readonly afterLog: boolean;
}

/** What the worker is asked to do; each is answered once, by its number. */
export type Command =
  | { readonly kind: 'open'; readonly options: OpenOptions }
  | { readonly kind: 'subscribe'; readonly options: SubscribeOptions }
  | { readonly kind: 'unsubscribe'; readonly subscriber: number }
  /** A subscriber has passed on this much of what it got. */
  | {
      readonly kind: 'passed-on';
      readonly subscriber: number;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'watch-log'; readonly id: string; readonly on: boolean }
  /** The container has ended: nobody holds back any longer what it left in its pipes. */
  | { readonly kind: 'take-rest'; readonly id: string }
  /** Takes what is left in the fifos and ends the log; subscribers still get what they lack. */
  | { readonly kind: 'close'; readonly id: string }
  /** Leaves everything as it is for a daemon after this one, and ends the worker. */
  | { readonly kind: 'quit' };

export interface NumberedCommand {
  readonly number: number;
  readonly command: Command;
}

/** What the worker tells. */
export type Report =
  | { readonly kind: 'answer'; readonly number: number; readonly error?: string }
  | {
      readonly kind: 'output';
      readonly subscriber: number;
      readonly stream: StreamName;
      readonly bytes: Uint8Array;
    }
  /** The subscriber fell too far behind and gets no more. */
  | { readonly kind: 'cut-off'; readonly subscriber: number }
  /** It has had all output there will ever be. */
  | { readonly kind: 'subscriber-done'; readonly subscriber: number }
  /** Every stream of the container has ended and is logged. */
  | { readonly kind: 'ended'; readonly id: string }
  | { readonly kind: 'log-grew'; readonly id: string }
  | { readonly kind: 'rotated'; readonly path: string };
