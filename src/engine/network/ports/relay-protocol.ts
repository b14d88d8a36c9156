import type { RelayTarget } from './tcp-relay.ts';

/** A port of the machine and where it leads. */
export interface RelaySpec {
  readonly protocol: 'tcp' | 'udp';
  readonly listen: { readonly address: string; readonly port: number };
  readonly target: RelayTarget;
}

/**
 * What the daemon asks of the process that relays, a line of JSON each; every one is answered in its
 * turn. `open` of what is open already, to the same target, changes nothing.
 */
export type RelayRequest =
  | { readonly kind: 'open'; readonly spec: RelaySpec }
  | { readonly kind: 'close'; readonly key: string }
  /** Closes all but these. */
  | { readonly kind: 'keep'; readonly keys: readonly string[] };

export interface RelayAnswer {
  /** As Node's listen gives it. */
  readonly error?: { readonly code?: string; readonly message: string };
}

export function relayKey({ protocol, listen }: RelaySpec): string {
  return `${protocol} ${listen.address} ${listen.port}`;
}

/** Calls back with each line of a stream of text. */
export function lineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  };
}
