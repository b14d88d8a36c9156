import type { KeyObject } from 'node:crypto';
import { BerthError } from '../../core/index.ts';
import type {
  Access,
  AccessControl,
  AccessDecision,
  AccessRequest,
} from '../server/access-control.ts';
import { parseBasic, parseBearer } from './authorization-header.ts';
import { passwordCheck } from './password-check.ts';
import { type AccessPolicy, rightsCheck } from './rights.ts';
import { formatScope } from './scopes.ts';
import { tokenEndpoint } from './token-endpoint.ts';
import { type AccessToken, tokenIssuer } from './tokens.ts';
import type { User, Users } from './users.ts';

export interface RegistryAccessOptions {
  readonly users: Users;
  readonly policy: AccessPolicy;
  /** From `loadSigningKey`. */
  readonly key: KeyObject;
  /** Names this registry in its tokens and challenges. */
  readonly service: string;
  readonly now?: () => number;
}

const mostTokens = 4096;

/**
 * Users, rights and tokens as the registry server wants them: basic credentials and bearer tokens
 * are taken; whoever has neither is told where to get a token. What `policy` lets everybody do needs
 * neither.
 */
export function createRegistryAccess(options: RegistryAccessOptions): AccessControl {
  const { users, policy, key, service, now = Date.now } = options;
  const tokens = tokenIssuer({ key, service, now });
  const checkPassword = passwordCheck(users, now);
  const checkedToken = tokenMemory(tokens.checkAccess, now);

  const everybody = rightsCheck(policy.anonymous);

  /** What a caller may do, its rights read once: a catalog asks for every repository there is. */
  function judge(caller: User | 'anonymous'): (access: Access) => boolean | Promise<boolean> {
    if (caller === 'anonymous') return everybody;
    if (caller.admin) return () => true;
    const { name } = caller;
    const authenticated = rightsCheck(policy.authenticated, name);
    let own: Promise<(access: Access) => boolean> | undefined;
    return async (access) => {
      if (everybody(access) || authenticated(access)) return true;
      own ??= users.rightsOf(name).then((rights) => rightsCheck(rights, name));
      return (await own)(access);
    };
  }

  async function allows(
    may: (access: Access) => boolean | Promise<boolean>,
    needs: readonly Access[],
  ): Promise<boolean> {
    for (const access of needs) if (!(await may(access))) return false;
    return true;
  }

  async function byBasic(header: string, request: AccessRequest): Promise<AccessDecision> {
    const basic = parseBasic(header);
    if (!basic) return challenge(request, service);
    const result = await checkPassword({ ...basic, clientAddress: request.clientAddress });
    if (result.kind === 'throttled') return result;
    if (result.kind === 'wrong') {
      return challenge(request, service, { message: 'incorrect username or password' });
    }
    const may = judge(result.user);
    if (!(await allows(may, request.needs))) return { kind: 'denied' };
    return { kind: 'granted', user: result.user.name, may };
  }

  async function byToken(text: string, request: AccessRequest): Promise<AccessDecision> {
    const token = await checkedToken(text);
    if (!token) return challenge(request, service, { error: 'invalid_token' });
    const may = (access: Access) => covers(token, access);
    if (!request.needs.every(may)) {
      return challenge(request, service, { error: 'insufficient_scope' });
    }
    const user = token.subject || undefined;
    if (!request.needs.some(({ type }) => type === 'registry'))
      return { kind: 'granted', user, may };
    // A token cannot list all that its owner may see in the catalog.
    const caller = user === undefined ? 'anonymous' : await users.find(user);
    if (!caller) return challenge(request, service, { error: 'invalid_token' });
    return { kind: 'granted', user, may: judge(caller) };
  }

  async function authorize(request: AccessRequest): Promise<AccessDecision> {
    const { authorization, needs } = request;
    if (authorization !== undefined) {
      const token = parseBearer(authorization);
      return token === undefined ? byBasic(authorization, request) : byToken(token, request);
    }
    // The base resource is where clients find out that there is something to log in to.
    const may = judge('anonymous');
    const isOpen = needs.length > 0 && (await allows(may, needs));
    if (!isOpen || needs.some(({ type }) => type === 'registry'))
      return challenge(request, service);
    return { kind: 'granted', may };
  }

  return {
    authorize,
    token: tokenEndpoint({ users, tokens, checkPassword, judge, now }),
  };
}

/** Checks tokens, each only once: clients show the same one with every request. */
function tokenMemory(check: (text: string) => Promise<AccessToken>, now: () => number) {
  const checked = new Map<string, AccessToken>();
  return async (text: string): Promise<AccessToken | undefined> => {
    const known = checked.get(text);
    if (known && known.expiresAtMs > now()) return known;
    checked.delete(text);
    try {
      const token = await check(text);
      checked.set(text, token);
      const oldest = checked.keys().next().value;
      if (checked.size > mostTokens && oldest !== undefined) checked.delete(oldest);
      return token;
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'unauthorized') return undefined;
      throw error;
    }
  };
}

function covers({ access }: AccessToken, { type, name, action }: Access): boolean {
  return access.some(
    (entry) => entry.type === type && entry.name === name && entry.actions.includes(action),
  );
}

function challenge(
  { origin, needs }: AccessRequest,
  service: string,
  { error, message = 'authentication required' }: { error?: string; message?: string } = {},
): AccessDecision {
  const scope = formatScope(needs);
  const parameters = [
    `realm="${origin}/token"`,
    `service="${service}"`,
    ...(scope === '' ? [] : [`scope="${scope}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ];
  return { kind: 'challenged', wwwAuthenticate: `Bearer ${parameters.join(',')}`, message };
}
