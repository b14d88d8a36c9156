import { BerthError, canceled, errnoCode, unavailable } from '../../core/index.ts';

/** The code of what does not get better by trying again: no such host, no trust, no registry. */
export const unreachable = 'UNREACHABLE';

const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const connectWords: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
};

/**
 * A failed exchange in the words people know from Docker: `Get "https://host/v2/": dial tcp
 * 127.0.0.1:5000: connect: connection refused`. An abort is `canceled`, the rest `unavailable`; a
 * BerthError (of the body that was being sent) passes through.
 */
export function transportError(method: string, url: URL | string, cause: unknown): BerthError {
  if (cause instanceof BerthError) return cause;
  if ((cause as Error).name === 'AbortError') return canceled('context canceled', { cause });
  const verb = method[0] + method.slice(1).toLowerCase();
  const { words, code } = explain(cause as NodeError);
  return unavailable(`${verb} "${url}": ${words}`, { code, cause });
}

/** Whether trying again later may help. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof BerthError) || error.kind !== 'unavailable') return false;
  return error.code !== unreachable;
}

/** Whether a server was not reached at all, or does not speak TLS. */
export function suggestsPlainHttp(error: unknown): boolean {
  return error instanceof BerthError && error.kind === 'unavailable';
}

type NodeError = Error & {
  address?: string;
  port?: number;
  hostname?: string;
  errors?: NodeError[];
};

function explain(error: NodeError): { words: string; code: string } {
  // Several addresses of one name were tried.
  const [first] = error.errors ?? [];
  if (first) return explain(first);
  const code = errnoCode(error) ?? String((error as { code?: unknown }).code ?? '');
  const connect = connectWords[code];
  if (connect !== undefined && error.address !== undefined) {
    const host = error.address.includes(':') ? `[${error.address}]` : error.address;
    return { words: `dial tcp ${host}:${error.port}: ${connect}`, code };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const why = code === 'ENOTFOUND' ? 'no such host' : 'Temporary failure in name resolution';
    return { words: `dial tcp: lookup ${error.hostname}: ${why}`, code: unreachable };
  }
  if (code === 'EPROTO' && /wrong version number|packet length/i.test(error.message)) {
    return { words: 'http: server gave HTTP response to HTTPS client', code: unreachable };
  }
  if (unknownAuthority.has(code)) return certificate('certificate signed by unknown authority');
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return certificate('certificate has expired or is not yet valid');
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return certificate(error.message.replace(/^.*does not match certificate's altnames: /, ''));
  }
  if (code === 'EPROTO')
    return { words: `remote error: ${error.message.trim()}`, code: unreachable };
  if (code === 'ECONNRESET' && /hang up|disconnected/.test(error.message)) {
    return { words: 'EOF', code };
  }
  if (code === 'ECONNRESET') return { words: 'read: connection reset by peer', code };
  if (code === 'EPIPE') return { words: 'write: broken pipe', code };
  return { words: error.message, code };
}

function certificate(why: string) {
  return { words: `tls: failed to verify certificate: x509: ${why}`, code: unreachable };
}
