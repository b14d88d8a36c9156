import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 32 MiB and some 80 ms for each guess. */
const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;

/** A hash to keep: `scrypt$N$r$p$<salt>$<hash>`, the last two in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, cost);
  const { N, r, p } = cost;
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/**
 * Whether the password is the one hashed. Without a hash (no such user) it is false after the same
 * work, so that time does not tell who exists.
 */
export async function verifyPassword(
  password: string,
  stored: string | undefined,
): Promise<boolean> {
  const parsed = stored === undefined ? undefined : parseHash(stored);
  const { N, r, p, salt, hash } = parsed ?? { ...cost, salt: Buffer.alloc(saltBytes), hash: null };
  const actual = await derive(password, salt, { N, r, p });
  return hash !== null && hash.length === actual.length && timingSafeEqual(actual, hash);
}

function parseHash(stored: string) {
  const [scheme, N, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || !salt || !hash) return undefined;
  return {
    N: Number(N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function derive(password: string, salt: Buffer, { N, r, p }: ScryptOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N, r, p, maxmem: 256 * 1024 * 1024 };
  scrypt(password, salt, hashBytes, options, (error, key) =>
    error ? reject(error) : resolve(key),
  );
  return promise;
}
