import { gzipSync } from 'node:zlib';
import { collect } from '../../../../src/core/index.ts';
import { writeTar } from '../../../../src/image/index.ts';
import { busyboxFiles, type Files } from '../workshop.ts';

const mtimeS = 1_500_000_000;

/** An archive with what archives have that contexts do not: owners, capabilities, hard links. */
async function archive(): Promise<Buffer> {
  const content = [Buffer.from('from the archive\n')];
  const sizeBytes = content[0]!.length;
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  return collect(
    writeTar([
      { entry: { path: 'in/', type: 'directory', mode: 0o750, uid: 7, gid: 8, mtimeS } },
      {
        entry: { path: 'in/file', type: 'file', mode: 0o640, uid: 7, gid: 8, mtimeS, sizeBytes },
        content,
      },
      {
        entry: {
          ...{ path: 'in/hard', type: 'hardlink', linkTarget: 'in/file' },
          ...{ mode: 0o640, uid: 7, gid: 8, mtimeS },
        },
      },
      { entry: { path: 'in/soft', type: 'symlink', linkTarget: 'file', mtimeS } },
      { entry: { path: 'in/fifo', type: 'fifo', mode: 0o600, mtimeS } },
      {
        entry: {
          ...{ path: 'ping', type: 'file', mode: 0o755, mtimeS, sizeBytes },
          xattrs: new Map([['security.capability', capability]]),
        },
        content,
      },
    ]),
    1 << 20,
  );
}

/** The context of every case that does not say otherwise. */
export async function standardFiles(): Promise<Files> {
  const tar = await archive();
  return {
    'a.txt': 'a\n',
    'b.txt': { content: 'bb\n', mode: 0o640 },
    'run.sh': { content: '#!/bin/sh\necho ran\n', mode: 0o755 },
    setuid: { content: 's', mode: 0o4755 },
    '.dot': 'dot',
    'with space.txt': 'space',
    'odd[1].txt': 'odd',
    'dir/': '',
    'dir/one.txt': 'one',
    'dir/two.md': 'two',
    'dir/.hidden': 'hidden',
    'dir/sub/': '',
    'dir/sub/three.txt': 'three',
    'dir/sub/deep/': '',
    'dir/sub/deep/four.md': 'four',
    'dir/inner': '->one.txt',
    'empty/': '',
    link: '->a.txt',
    dirlink: '->dir',
    dangling: '->nowhere',
    outside: '->/etc/passwd',
    'files.tar': tar,
    'files.tar.gz': gzipSync(tar, { level: 1 }),
    'no.tar': 'not an archive',
  };
}

/** The context of `base`: a root in which a runtime has to make no place for its mounts. */
export function rootFiles(): Files {
  const places = { 'root/etc/hosts': '', 'root/etc/resolv.conf': '', 'root/home/app/': '' };
  return { ...busyboxFiles(), ...places, 'root/dev/': '', 'root/proc/': '', 'root/sys/': '' };
}

/** The images that cases stand on, in this order; `base` is busybox. */
export const baseImages: Readonly<Record<string, string>> = {
  configured: `FROM base
ENV HOME=/home/app LANG=C
LABEL kept=yes
WORKDIR /home/app/work
VOLUME /data
EXPOSE 80
HEALTHCHECK CMD true
STOPSIGNAL SIGINT
ENTRYPOINT ["/entry"]
CMD ["run"]
USER app
`,
  triggers: `FROM base
ONBUILD COPY a.txt /triggered
ONBUILD RUN echo built >> /triggered
ONBUILD ENV BUILT=yes
`,
  furnished: `FROM base
RUN mkdir -p /real/inside /owned && echo r > /real/file && chown 5:6 /owned && chmod 2750 /owned \\
  && ln -s /real /abslink && ln -s real /rellink && ln -s /nowhere /deadlink \\
  && ln -s ../../../../../../real /dotslink && ln -s file /real/filelink && mkfifo /real/fifo \\
  && echo f > /plainfile && ln -s /loop2 /loop1 && ln -s /loop1 /loop2
ADD files.tar /unpacked/
`,
};

/** Port of the HTTP server for ADD, on loopback. */
export const webPort = 18_080;

/** What that server has, by path. */
export const webFiles: Readonly<
  Record<string, { body: string; headers?: Record<string, string> }>
> = {
  '/plain.txt': {
    body: 'from the web\n',
    headers: { 'last-modified': 'Tue, 14 Nov 2017 22:13:20 GMT' },
  },
  '/undated': { body: 'undated\n' },
  '/named': {
    body: 'named\n',
    headers: { 'content-disposition': 'attachment; filename="given.txt"' },
  },
  '/folder/': { body: 'index\n' },
};
