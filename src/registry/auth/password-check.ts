import { createHmac, randomBytes } from 'node:crypto';
import { failureThrottle } from './failure-throttle.ts';
import { verifyPassword } from './passwords.ts';
import type { User, Users } from './users.ts';

export type PasswordResult =
  | { readonly kind: 'right'; readonly user: User }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'throttled'; readonly retryAfterS: number };

export interface PasswordAttempt {
  readonly name: string;
  readonly password: string;
  readonly clientAddress: string;
}

/** A right password need not be derived again for so long: clients send it with each request. */
const rememberMs = 5 * 60_000;
const mostRemembered = 1000;
/** Each check takes 32 MiB and a thread; more at once would be a way to stop the daemon. */
const mostChecks = 2;
const mostWaiting = 32;

/** Checks names and passwords against the users, remembering right ones and slowing down guessing. */
export function passwordCheck(users: Users, now: () => number = Date.now) {
  const throttle = failureThrottle(now);
  const gate = queue(mostChecks, mostWaiting);
  const secret = randomBytes(32);
  const remembered = new Map<string, number>();

  // The hash is part of the key: a new password forgets the old one.
  const keyOf = ({ name, password }: PasswordAttempt, { passwordHash }: User) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([name, password, passwordHash]))
      .digest('base64');

  function isRemembered(key: string): boolean {
    const untilMs = remembered.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > now()) return true;
    remembered.delete(key);
    return false;
  }

  function remember(key: string): void {
    remembered.set(key, now() + rememberMs);
    const oldest = remembered.keys().next().value;
    if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
  }

  return async function check(attempt: PasswordAttempt): Promise<PasswordResult> {
    const { name, password, clientAddress } = attempt;
    const user = await users.find(name);
    const key = user && keyOf(attempt, user);
    if (user && key && isRemembered(key)) return { kind: 'right', user };
    const throttled = (): PasswordResult | undefined => {
      const waitMs = throttle.waitMs(name, clientAddress);
      if (waitMs === 0) return undefined;
      return { kind: 'throttled', retryAfterS: Math.ceil(waitMs / 1000) };
    };
    const early = throttled();
    if (early) return early;
    const result = await gate(async (): Promise<PasswordResult> => {
      // Again, because those that wait side by side would each be a guess of its own.
      const late = throttled();
      if (late) return late;
      const isRight = await verifyPassword(password, user?.passwordHash);
      if (isRight && user) return { kind: 'right', user };
      throttle.failed(name, clientAddress);
      return { kind: 'wrong' };
    });
    if (result === 'full') return { kind: 'throttled', retryAfterS: 1 };
    if (result.kind !== 'right' || !key) return result;
    throttle.succeeded(name, clientAddress);
    remember(key);
    return result;
  };
}

/** Runs at most `running` works at once, lets `waiting` more wait, and says 'full' beyond. */
function queue(running: number, waiting: number) {
  let active = 0;
  const waiters: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T | 'full'> => {
    if (active >= running) {
      if (waiters.length >= waiting) return 'full';
      await new Promise<void>((resolve) => waiters.push(resolve));
    } else {
      active++;
    }
    try {
      return await work();
    } finally {
      const next = waiters.shift();
      if (next) next();
      else active--;
    }
  };
}
