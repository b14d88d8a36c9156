import type { Readable } from 'node:stream';
import { invalid } from '../core/index.ts';
import type { Connection } from './connection.ts';

/** The few verbs on images that the command line needs of Docker's API, typed. */
export function imagesClient(connection: Connection) {
  return {
    /** Whether the daemon has an image of this name. */
    async has(name: string): Promise<boolean> {
      const answer = await connection
        .json({ method: 'GET', path: `/images/${encodeURIComponent(name)}/json` })
        .catch((error: { kind?: string }) => {
          if (error.kind === 'not-found') return undefined;
          throw error;
        });
      return answer !== undefined;
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
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      for (const line of text.split('\n')) {
        const error =
          line.trim() === '' ? undefined : (JSON.parse(line) as { error?: string }).error;
        if (error !== undefined)
          throw invalid(`import ${options.repository}:${options.tag}: ${error}`);
      }
    },
  };
}
