import { BerthError, type ErrorKind, errorKind, errorMessage } from '../../core/index.ts';

/** Codes of google.rpc.Code that a call itself ends with. */
export const grpcCode = { ok: 0, canceled: 1, unavailable: 14 } as const;

/** The code of each kind of error. */
const codes: Readonly<Record<ErrorKind, number>> = {
  canceled: grpcCode.canceled,
  internal: 2,
  invalid: 3,
  'not-found': 5,
  conflict: 6,
  forbidden: 7,
  unsupported: 12,
  unavailable: grpcCode.unavailable,
  unauthorized: 16,
};
const kinds = new Map(Object.entries(codes).map(([kind, code]) => [code, kind as ErrorKind]));

/** How a call ended: its code, its message, and google.rpc.Status with details where there are any. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details?: Uint8Array;
}

/** Details of a BerthError that brings a google.rpc.Status of its own to the peer. */
interface GrpcErrorDetails {
  /** Its bytes, and the code in it. */
  readonly grpcStatus: Uint8Array;
  readonly grpcCode: number;
}

export function grpcStatusOf(error: unknown): GrpcStatus {
  const known = (error as Partial<BerthError> | null)?.details as
    | Partial<GrpcErrorDetails>
    | undefined;
  const code = known?.grpcStatus && known.grpcCode;
  return {
    code: code ?? codes[errorKind(error)],
    message: errorMessage(error),
    details: known?.grpcStatus,
  };
}

/** The error a call failed with at the other end; `call` says which it was. */
export function grpcError(call: string, { code, message }: GrpcStatus): BerthError {
  return new BerthError(kinds.get(code) ?? 'internal', `${call}: ${message}`, {
    code: 'CALL_FAILED',
    details: { grpcCode: code },
  });
}

/** Text as the `grpc-message` header holds it: percent-encoded outside printable ASCII. */
export function encodeGrpcText(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The text of a `grpc-message` header; what is not well encoded stays as it is. */
export function decodeGrpcText(header: string): string {
  const bytes = header.replace(/%([0-9a-fA-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
