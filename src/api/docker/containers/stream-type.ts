import { olderThan } from '../api-version.ts';

const raw = 'application/vnd.docker.raw-stream';
const multiplexed = 'application/vnd.docker.multiplexed-stream';

/** The content type of a container's output; before API 1.42 there was only one. */
export function streamType(version: string | undefined, tty: boolean): string {
  return tty || olderThan(version, '1.42') ? raw : multiplexed;
}
