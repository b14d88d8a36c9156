import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { errnoCode, internal, randomId } from '../../core/index.ts';

/**
 * The ES256 key that signs this registry's tokens: read from the PEM file, which is made on first
 * use, readable by its owner alone. Whoever has it can log in as anybody. Throws `internal` when the
 * file holds no such key.
 */
export function loadSigningKey(path: string): KeyObject {
  const pem = readOrCreate(path);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a P-256 key');
    return key;
  } catch (cause) {
    throw internal(`read signing key ${path}: ${(cause as Error).message}`, { cause });
  }
}

function readOrCreate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const temporary = `${path}.${randomId()}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, pem);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    // Unlike a rename, a link never replaces the key another daemon made at the same time.
    linkSync(temporary, path);
    return pem;
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8');
  } finally {
    rmSync(temporary, { force: true });
  }
}
