import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import { errorMessage, unauthorized } from '../../core/index.ts';
import type { ResourceActions } from './scopes.ts';

export interface AccessToken {
  /** '' for an anonymous caller. */
  readonly subject: string;
  readonly access: readonly ResourceActions[];
  readonly expiresAtMs: number;
}

export interface RefreshToken {
  readonly subject: string;
  /** Fingerprint of the user's password hash: a new password ends the token. */
  readonly password: string;
}

const algorithm = 'ES256';
const accessType = 'at+jwt';
const refreshType = 'rt+jwt';
/** Clients whose clock is a little behind must not find a token from the future. */
const leewayS = 30;

/** Signs and checks JSON Web Tokens of one service (Docker's token specification, RFC 7519). */
export function tokenIssuer({
  key,
  service,
  now = Date.now,
}: {
  key: KeyObject;
  service: string;
  now?: () => number;
}) {
  const publicKey = createPublicKey(key);
  const nowS = () => Math.floor(now() / 1000);

  function sign(type: string, subject: string, claims: object, lifetimeS: number): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setIssuer(service)
      .setAudience(service)
      .setSubject(subject)
      .setIssuedAt(nowS())
      .setNotBefore(nowS() - leewayS)
      .setExpirationTime(nowS() + lifetimeS)
      .setJti(randomUUID())
      .sign(key);
  }

  async function check(type: string, token: string) {
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [algorithm],
        typ: type,
        issuer: service,
        audience: service,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (cause) {
      throw unauthorized(`check token: ${errorMessage(cause)}`, { cause });
    }
  }

  return {
    signAccess: (subject: string, access: readonly ResourceActions[], lifetimeS: number) =>
      sign(accessType, subject, { access }, lifetimeS),
    signRefresh: ({ subject, password }: RefreshToken, lifetimeS: number) =>
      sign(refreshType, subject, { password }, lifetimeS),
    /** Throws `unauthorized` for a token that is forged, expired or of another service or kind. */
    async checkAccess(token: string): Promise<AccessToken> {
      const { sub, access, exp } = await check(accessType, token);
      return {
        subject: sub!,
        access: access as ResourceActions[],
        expiresAtMs: exp! * 1000,
      };
    },
    /** As `checkAccess`; whether the password still holds is the caller's to see. */
    async checkRefresh(token: string): Promise<RefreshToken> {
      const { sub, password } = await check(refreshType, token);
      return { subject: sub!, password: String(password) };
    },
  };
}
