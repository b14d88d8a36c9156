import { invalid } from '../../../core/index.ts';
import type { ContainerFiles, PathStat } from '../../../engine/index.ts';
import { bytes, empty, type Headers, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import type { ContainerPorts } from './ports.ts';

const tar = 'application/x-tar';

export async function statPath(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  return empty(200, statHeader(await files.stat(request.params.id!, pathOf(request))));
}

/** `docker cp` out of a container: a tar of a file or folder. */
export async function readPath(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const { stat, archive } = await files.read(request.params.id!, pathOf(request));
  return bytes(archive, tar, { headers: statHeader(stat) });
}

/** `docker cp` into a container: unpacks a tar, maybe compressed, into a folder. */
export async function writePath(
  { files, decompress }: Pick<ContainerPorts, 'files' | 'decompress'>,
  request: ApiRequest,
): Promise<Reply> {
  const { query } = request;
  await files.write(request.params.id!, pathOf(request), decompress(request.body), {
    noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
    copyUidGid: query.flag('copyUIDGID'),
  });
  return empty(200);
}

export async function exportContainer(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  return bytes(await files.export(request.params.id!), tar);
}

function pathOf({ query }: ApiRequest): string {
  const path = query.text('path');
  if (path === '') throw invalid('bad parameter: path cannot be empty');
  return path;
}

function statHeader({ name, size, mode, mtime, linkTarget }: PathStat): Headers {
  const json = JSON.stringify({ name, size, mode, mtime, linkTarget });
  return { 'X-Docker-Container-Path-Stat': Buffer.from(json).toString('base64') };
}
