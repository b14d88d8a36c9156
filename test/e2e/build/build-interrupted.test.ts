import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { type ClientProcess, startProcess, until } from '../harness/client-process.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';
import { processesOf, unfinishedWork } from '../harness/left-behind.ts';

const launcher = join(import.meta.dirname, '../../../bin/berth');
let daemon: TestDaemon;
let count = 0;

function context(dockerfile: string, files: Record<string, string> = {}): string {
  const folder = join(daemon.folder, `context-${count++}`);
  for (const [path, content] of Object.entries({ ...files, Dockerfile: dockerfile })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Mounts of snapshots and of steps, in any namespace that is left. */
function mounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(daemon.folder));
}

/** Cgroups of the processes that have the marker. */
function cgroupsOf(marker: string): string[] {
  const ids = marked(marker).flatMap((pid) =>
    [...readOrNothing(`/proc/${pid}/cgroup`).matchAll(/berth-steps\/(\w+)/g)].map(([, id]) => id!),
  );
  return [...new Set(ids)].flatMap((id) =>
    readdirSync('/sys/fs/cgroup').map(
      (controller) => `/sys/fs/cgroup/${controller}/berth-steps/${id}`,
    ),
  );
}

function marked(marker: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => readOrNothing(`/proc/${name}/cmdline`).includes(marker));
}

function processes(marker: string): string[] {
  const own = processesOf(daemon.folder).filter((line) => !/ build | daemon /.test(line));
  return [...marked(marker).map((pid) => `process ${pid}`), ...own];
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

async function nothingIsLeft(marker: string, cgroups: readonly string[] = []): Promise<void> {
  const left = () => [
    ...processes(marker),
    ...mounts(),
    ...cgroups.filter((path) => existsSync(path)),
    ...unfinishedWork(daemon.folder),
  ];
  try {
    await until('nothing is left', () => left().length === 0);
  } catch (error) {
    throw new Error(`there is ${left().join('\n')}`, { cause: error });
  }
}

describe('a build that is broken off', () => {
  before(async () => {
    daemon = await startDaemon();
    await buildBusybox(daemon);
  });
  after(() => daemon[Symbol.asyncDispose]());

  const clients: [what: string, start: (folder: string) => ClientProcess][] = [
    ['docker build', (folder) => startProcess(daemon, 'docker', ['build', '--no-cache', folder])],
    [
      'berth build',
      (folder) =>
        startProcess(daemon, launcher, ['build', '--no-cache', '--progress', 'plain', folder]),
    ],
  ];
  for (const [what, start] of clients) {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      it(`${what}, ${signal} in a RUN with processes in the background`, async () => {
        const marker = `3${process.pid}${count}.25`;
        const dockerfile = `FROM busybox\nRUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t (trap '' TERM INT HUP; sleep ${marker}) & (sleep ${marker} &); echo begun; sleep ${marker}\n`;
        const build = start(context(dockerfile));
        await build.says(/begun$/m);
        assert.ok(processes(marker).length >= 3);
        const cgroups = cgroupsOf(marker);
        assert.ok(cgroups.some((path) => existsSync(path)));
        build.child.kill(signal);
        await build.ended;
        await nothingIsLeft(marker, cgroups);
      });

      it(`${what}, ${signal} while the context is sent`, async () => {
        const folder = context('FROM busybox\nCOPY . /\n', { f: 'x' });
        const pipe = join(folder, 'endless');
        execFileSync('mkfifo', [pipe]);
        const [program, args] =
          what === 'docker build' ? ['docker', ['build', '-']] : [launcher, ['build', '-']];
        const build = startProcess(daemon, program as string, args as string[]);
        build.child.stdin.on('error', () => {}); // it goes while this is written
        build.child.stdin.write(
          execFileSync('tar', ['-cf', '-', '-C', folder, 'f']).subarray(0, 1536),
        );
        await until('the context arrives', () =>
          unfinishedWork(daemon.folder).some((path) => path.includes('/build/work/')),
        );
        build.child.kill(signal);
        build.child.stdin.destroy();
        await build.ended;
        await nothingIsLeft('no marker');
      });
    }
  }

  it('the daemon is killed in each phase: what was there stays, and nothing else does', async () => {
    await daemon.ok('build', '-q', '-t', 'kept', context('FROM busybox\nRUN echo kept > /kept\n'));
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [`files/d${n % 50}/f${n}`, `content ${n}`]),
    );
    const folder = context(
      'FROM busybox\nCOPY files /files\nRUN find /files -type f | wc -l > /n; echo at work\nCOPY files /more\nRUN rm -r /files\n',
      many,
    );
    const archive = join(daemon.folder, 'out.tar');
    const phases = [
      /load build context/,
      /COPY files/,
      /at work/,
      /COPY files \/more/,
      /exporting/,
    ];
    for (const phase of phases) {
      const args = ['build', '--no-cache', '--progress', 'plain', '-t', 'half'];
      const build = startProcess(daemon, launcher, [
        ...args,
        '-o',
        `type=oci,dest=${archive}`,
        folder,
      ]);
      await build.says(phase);
      await daemon.kill();
      assert.notEqual(await build.ended, 0);
      await daemon.start();
      await nothingIsLeft('no marker');
      assert.equal(await daemon.ok('run', '--rm', 'kept', 'cat', '/kept'), 'kept');
    }
    await daemon.ok('build', '-q', '-t', 'whole', folder);
    assert.equal(await daemon.ok('run', '--rm', 'whole', 'cat', '/n'), '3000');
  });
});
