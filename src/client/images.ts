import type { Readable } from 'node:stream';
import type { ImageContents } from '../api/index.ts';
import { invalid } from '../core/index.ts';
import type { Connection } from './connection.ts';

/** The few verbs on images that the command line needs of Docker's API, typed. */
export function imagesClient(connection: Connection) {
  return {
    /** Whether the daemon has an image of this name. */
    async has(name: string): Promise<boolean> {
      const path = `/images/${encodeURIComponent(name)}/json`;
      return (await unlessMissing(connection.json({ method: 'GET', path }))) !== undefined;
    },
    /** The configuration of an image the daemon has; undefined when it has none of this name. */
    async config(name: string, { signal }: ImageRequest = {}): Promise<ImageConfig | undefined> {
      const path = `/images/${encodeURIComponent(name)}/json`;
      const asked = connection.json<ImageAnswer>({ method: 'GET', path, signal });
      const answer = await unlessMissing(asked);
      if (!answer) return undefined;
      const { Config, Os, Architecture, Variant } = answer;
      return { ...Config, Os, Architecture, Variant };
    },
    /** What stands in an image; undefined when the daemon has none of this name, or is Docker's. */
    async contents(
      name: string,
      { signal }: ImageRequest = {},
    ): Promise<ImageContents | undefined> {
      const path = `/v1/images/${encodeURIComponent(name)}/contents`;
      return unlessMissing(connection.json<ImageContents>({ method: 'GET', path, signal }));
    },
    /** What `docker save` writes of one image. Throws `not-found`. */
    save(name: string, options: ImageRequest = {}): Promise<Readable> {
      return connection.send({
        method: 'GET',
        path: `/images/${encodeURIComponent(name)}/get`,
        query: { platform: platformQuery(options) },
        signal: options.signal,
      });
    },
    /** Has the daemon pull an image; resolves when it has it. Throws what the pull ended with. */
    async pull(name: string, options: PullRequest = {}): Promise<void> {
      const { platform, auth, signal } = options;
      const wanted = platform && [platform.os, platform.architecture, platform.variant];
      const answer = await connection.send({
        method: 'POST',
        path: '/images/create',
        query: { fromImage: name, platform: wanted?.filter(Boolean).join('/') },
        ...(auth && { headers: { 'x-registry-auth': authHeader(auth) } }),
        signal,
      });
      await failOnError(answer, `pull ${name}`);
    },
    /** Makes an image of one layer from a root filesystem's tar. */
    async import(
      archive: Readable,
      options: { repository: string; tag: string; changes: string[] },
    ): Promise<void> {
      const changes = options.changes
        .map((change) => `&changes=${encodeURIComponent(change)}`)
        .join('');
      const answer = await connection.send({
        method: 'POST',
        path: `/images/create?fromSrc=-&repo=${encodeURIComponent(options.repository)}&tag=${encodeURIComponent(options.tag)}${changes}`,
        headers: { 'content-type': 'application/x-tar' },
        stream: archive,
      });
      await failOnError(answer, `import ${options.repository}:${options.tag}`);
    },
  };
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as { kind?: string }).kind === 'not-found') return undefined;
    throw error;
  }
}

interface ImageAnswer extends Pick<ImageConfig, 'Os' | 'Architecture' | 'Variant'> {
  readonly Config?: ImageConfig | null;
}

/** What an image's configuration says, as Docker's API has it. */
export interface ImageConfig {
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Variant?: string;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Shell?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly OnBuild?: readonly string[] | null;
}

interface ImageRequest {
  /** Which image of several; the daemon's own platform when left out. */
  platform?: { os: string; architecture: string; variant?: string };
  signal?: AbortSignal;
}

interface PullRequest extends ImageRequest {
  /** For the image's registry. */
  auth?: { username: string; password: string; identityToken?: string };
}

/** As Docker's clients send it: base64url of JSON. */
function authHeader({
  username,
  password,
  identityToken,
}: NonNullable<PullRequest['auth']>): string {
  const auth = { username, password, ...(identityToken && { identitytoken: identityToken }) };
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}

function platformQuery({ platform }: ImageRequest): string | undefined {
  return platform && JSON.stringify(platform);
}

/** Reads the daemon's progress to its end and throws the error it reports, if any. */
async function failOnError(answer: Readable, what: string): Promise<void> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) failOnLine(line, what);
  }
  failOnLine(text, what);
}

function failOnLine(line: string, what: string): void {
  if (line.trim() === '') return;
  const { error } = JSON.parse(line) as { error?: string };
  if (error !== undefined) throw invalid(`${what}: ${error}`);
}
