import { createHash } from 'node:crypto';
import { BerthError } from '../../core/index.ts';
import type { Access, TokenReply, TokenRequest } from '../server/access-control.ts';
import { parseBasic } from './authorization-header.ts';
import type { PasswordAttempt, PasswordResult } from './password-check.ts';
import { grouped, parseScopes } from './scopes.ts';
import type { tokenIssuer } from './tokens.ts';
import type { User, Users } from './users.ts';

const accessLifetimeS = 300;
const refreshLifetimeS = 90 * 24 * 3600;

type Caller = User | 'anonymous';

export interface TokenEndpointOptions {
  readonly users: Users;
  readonly tokens: ReturnType<typeof tokenIssuer>;
  readonly checkPassword: (attempt: PasswordAttempt) => Promise<PasswordResult>;
  readonly judge: (caller: Caller) => (access: Access) => boolean | Promise<boolean>;
  readonly now: () => number;
}

/**
 * Gives tokens for what the caller may do of what it asks for: GET with basic credentials or none
 * (Docker's token specification), POST with grant_type password or refresh_token (its OAuth2 one).
 */
export function tokenEndpoint({ users, tokens, checkPassword, judge, now }: TokenEndpointOptions) {
  async function callerOfGet({ authorization, clientAddress }: TokenRequest) {
    if (authorization === undefined) return 'anonymous';
    const basic = parseBasic(authorization);
    return basic ? byPassword({ ...basic, clientAddress }) : refused('invalid credentials');
  }

  async function callerOfPost({ parameters, clientAddress }: TokenRequest) {
    const field = (name: string) => parameters.get(name) ?? '';
    switch (field('grant_type')) {
      case 'password':
        return byPassword({ name: field('username'), password: field('password'), clientAddress });
      case 'refresh_token':
        return byRefreshToken(field('refresh_token'));
      default:
        return failure(400, 'UNSUPPORTED', `grant_type "${field('grant_type').slice(0, 40)}"`);
    }
  }

  async function byPassword(attempt: PasswordAttempt): Promise<User | TokenReply> {
    const result = await checkPassword(attempt);
    if (result.kind === 'right') return result.user;
    if (result.kind === 'wrong') return refused('incorrect username or password');
    const headers = { 'retry-after': String(result.retryAfterS) };
    return { ...failure(429, 'TOOMANYREQUESTS', 'too many failed logins'), headers };
  }

  async function byRefreshToken(token: string): Promise<User | TokenReply> {
    try {
      const { subject, password } = await tokens.checkRefresh(token);
      const user = await users.find(subject);
      if (user && fingerprint(user) === password) return user;
    } catch (error) {
      if (!(error instanceof BerthError) || error.kind !== 'unauthorized') throw error;
    }
    return refused('the refresh token is not valid any more: log in again');
  }

  const refreshFor = (user: User) =>
    tokens.signRefresh({ subject: user.name, password: fingerprint(user) }, refreshLifetimeS);

  return async function answer(request: TokenRequest): Promise<TokenReply> {
    const isPost = request.method === 'POST';
    const caller = await (isPost ? callerOfPost(request) : callerOfGet(request));
    if (isReply(caller)) return caller;
    const { parameters } = request;
    const mayDo = judge(caller);
    const granted: Access[] = [];
    for (const access of parseScopes(parameters.getAll('scope'))) {
      if (await mayDo(access)) granted.push(access);
    }
    const subject = caller === 'anonymous' ? '' : caller.name;
    const token = await tokens.signAccess(subject, grouped(granted), accessLifetimeS);
    const refresh =
      wantsRefresh(parameters) && caller !== 'anonymous' && (await refreshFor(caller));
    const body = {
      token,
      access_token: token,
      expires_in: accessLifetimeS,
      issued_at: new Date(now()).toISOString(),
      scope: parameters.getAll('scope').join(' '),
      ...(refresh && { refresh_token: refresh }),
    };
    return { status: 200, body };
  };
}

function wantsRefresh(parameters: URLSearchParams): boolean {
  return parameters.get('offline_token') === 'true' || parameters.get('access_type') === 'offline';
}

function fingerprint({ passwordHash }: User): string {
  return createHash('sha256').update(passwordHash).digest('base64url').slice(0, 22);
}

function refused(message: string): TokenReply {
  return failure(401, 'UNAUTHORIZED', message);
}

function failure(status: number, code: string, message: string): TokenReply {
  return { status, body: { errors: [{ code, message }] } };
}

function isReply(value: Caller | TokenReply): value is TokenReply {
  return typeof value === 'object' && 'status' in value;
}
