import type { RepositoryName } from '../repository-name.ts';

/** One thing a request wants to do, in the words of Docker's token scopes. */
export type Access =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: Action }
  | { readonly type: 'registry'; readonly name: 'catalog'; readonly action: '*' };

export type Action = 'pull' | 'push' | 'delete';

/** Who may do what. Implemented in auth/; `openAccess` is the registry without a lock. */
export interface AccessControl {
  authorize(request: AccessRequest): Promise<AccessDecision>;
  /** Answers GET and POST on the token endpoint (Docker's token and OAuth2 specifications). */
  token(request: TokenRequest): Promise<TokenReply>;
}

export interface AccessRequest {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  readonly clientAddress: string;
  /** What a client calls this server: `https://host:port`. */
  readonly origin: string;
  readonly needs: readonly Access[];
}

export type AccessDecision =
  | {
      readonly kind: 'granted';
      readonly user?: string;
      /** Whether the same caller may do this too. */
      may(access: Access): boolean | Promise<boolean>;
    }
  /** 401: the caller shall come back with (other) credentials. */
  | { readonly kind: 'challenged'; readonly wwwAuthenticate: string; readonly message: string }
  /** 403: the caller is known, and may not. */
  | { readonly kind: 'denied' }
  /** 429: too many wrong passwords. */
  | { readonly kind: 'throttled'; readonly retryAfterS: number };

export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly clientAddress: string;
  readonly origin: string;
  /** From the query (GET) or the form (POST). */
  readonly parameters: URLSearchParams;
  readonly method: 'GET' | 'POST';
}

export interface TokenReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Lets everyone do everything. */
export const openAccess: AccessControl = {
  authorize: async () => ({ kind: 'granted', may: () => true }),
  token: async () => ({ status: 200, body: { token: 'open', expires_in: 3600 } }),
};
