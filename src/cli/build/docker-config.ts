import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errnoCode, errorMessage, invalid } from '../../core/index.ts';

export interface Credentials {
  username: string;
  password: string;
  /** What the registry gave in place of the password. */
  identityToken?: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** What `docker login` stored, by registry host; from credential helpers too. */
export async function readCredentials(): Promise<Record<string, Credentials>> {
  const path = join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json');
  const config = readConfig(path);
  const found: Record<string, Credentials> = {};
  for (const [address, entry] of Object.entries(config.auths ?? {})) {
    const host = hostOf(address);
    const helper = config.credHelpers?.[host] ?? config.credsStore;
    const credentials = entry.auth
      ? decodeAuth(entry.auth)
      : helper && (await askHelper(helper, address));
    const { identitytoken: identityToken } = entry;
    if (credentials) found[host] = { ...credentials, ...(identityToken && { identityToken }) };
  }
  return found;
}

function readConfig(path: string): DockerConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (cause) {
    throw invalid(`read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

/** The Hub is stored as `https://index.docker.io/v1/`. */
function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' ? 'docker.io' : host;
}

function decodeAuth(auth: string): Credentials | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0
    ? undefined
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The protocol of docker-credential-helpers: the address in, JSON out, exit 1 when it has none. */
function askHelper(helper: string, address: string): Promise<Credentials | undefined> {
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${helper}`, ['get'], (error, stdout) => {
      if (error) return resolve(undefined);
      const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
      // So helpers tell that the secret is a token.
      const isToken = Username === '<token>';
      resolve({ username: Username, password: Secret, ...(isToken && { identityToken: Secret }) });
    });
    child.stdin?.end(address);
  });
}
