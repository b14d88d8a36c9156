import { createServer } from 'node:http';
import { webFiles, webPort } from './case-files.ts';

/** What a build of a case came to: the file of the case that holds it, and its text. */
export interface Outcome {
  readonly file: 'image.txt' | 'error.txt';
  readonly text: string;
}

export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
}

export function imageOutcome(description: string, warnings: readonly Warning[]): Outcome {
  return { file: 'image.txt', text: warningsText(warnings) + description };
}

/** `line` is the first of those the error is about, in the Dockerfile. */
export function errorOutcome(
  error: { message: string; line: number | undefined },
  warnings: readonly Warning[],
): Outcome {
  const place = error.line ? `line ${error.line}: ` : '';
  return { file: 'error.txt', text: `${warningsText(warnings)}${place}${error.message}\n` };
}

function warningsText(warnings: readonly Warning[]): string {
  const lines = warnings.map(
    ({ code, message, line }) => `warning${line ? ` line ${line}` : ''}: ${code}: ${message}\n`,
  );
  return lines.sort().join('');
}

/**
 * Whether Berth's outcome is BuildKit's. Of an error Berth may say more behind BuildKit's words, and
 * its place where BuildKit names none; warnings before an error depend on how far it came.
 */
export function isSame(theirs: string, own: string, file: Outcome['file']): boolean {
  if (file === 'image.txt') return own === theirs;
  const [said, saidOwn] = [theirs, own].map((text) =>
    text
      .trimEnd()
      .replace(/^warning .*\n/gm, '')
      .replace(/dockerfile parse error on line \d+: /, ''),
  ) as [string, string];
  const place = /^line \d+: /m;
  return (place.test(said) ? saidOwn : saidOwn.replace(place, '')).startsWith(said);
}

/** Serves what ADD takes from an address. */
export async function serveWebFiles(): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const file = webFiles[request.url ?? ''];
    if (!file) response.writeHead(404).end('none\n');
    else response.writeHead(200, file.headers).end(file.body);
  });
  await new Promise<void>((resolve) => server.listen(webPort, '127.0.0.1', resolve));
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
