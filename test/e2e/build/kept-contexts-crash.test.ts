import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startProcess } from '../harness/client-process.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

const launcher = join(import.meta.dirname, '../../../bin/berth');
const fileCount = 2500;
let daemon: TestDaemon;
let folder: string;
let out: string;
let round = 0;

const fileAt = (number: number) => join(folder, `d${number % 40}`, `f${number}`);

before(async () => {
  daemon = await startDaemon();
  folder = join(daemon.folder, 'context');
  out = join(daemon.folder, 'out');
  for (let number = 0; number < 40; number++) {
    mkdirSync(join(folder, `d${number}`), { recursive: true });
  }
  for (let number = 0; number < fileCount; number++) writeFileSync(fileAt(number), `0 ${number}`);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
});
after(() => daemon[Symbol.asyncDispose]());

/** Changes most of the folder, in every way there is; files keep their sizes. */
function changeFolder(): void {
  round++;
  for (let number = 0; number < fileCount; number++) {
    if (number % 7 === round % 7) continue;
    const path = fileAt(number);
    rmSync(path, { recursive: true, force: true });
    if (number % 11 === round % 11) continue;
    if (number % 13 === round % 13) mkdirSync(path);
    else if (number % 17 === round % 17) symlinkSync(`target ${round}`, path);
    else writeFileSync(path, `${round % 10} ${number}`);
  }
  const moved = join(folder, `moved-${round}`);
  const before = join(folder, `moved-${round - 1}`);
  if (existsSync(before)) renameSync(before, moved);
  else mkdirSync(moved);
  writeFileSync(join(moved, 'file'), `${round % 10}`);
  utimesSync(join(moved, 'file'), round, round);
}

async function buildsWhatIsThere(): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  const { code, stderr } = await daemon.berth('build', '-q', '-o', out, folder);
  assert.equal(code, 0, stderr);
  execFileSync('diff', ['-r', '--no-dereference', folder, out], { stdio: 'pipe' });
}

/** The one folder that is kept, or undefined. */
function kept(): string | undefined {
  const root = join(daemon.folder, 'root/build/contexts');
  const [id] = readdirSync(root).filter((name) => /^[0-9a-f]{32}$/.test(name));
  return id === undefined ? undefined : join(root, id);
}

const hasIndex = () => {
  const path = kept();
  return path !== undefined && existsSync(join(path, 'index'));
};

/** How many files that came are still to be put in their places. */
function waiting(): number {
  const work = join(daemon.folder, 'root/build/work');
  for (const build of readdirSync(work)) {
    for (const name of readdirSync(join(work, build))) {
      if (name.startsWith('received-')) {
        const count = readdirSync(join(work, build, name)).length;
        if (count > 1) return count;
      }
    }
  }
  return 0;
}

/** Looks again and again, without a pause in which the moment could go by. */
async function moment(isNow: () => boolean, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      if (isNow()) return;
    } catch {
      // What it looked at has gone meanwhile.
    }
    await nextTurn();
  }
}

const moments: [what: string, isNow: () => boolean][] = [
  ['while files arrive', () => waiting() > 100],
  ['once the index is gone', () => !hasIndex()],
  ['with most of the files put in place', () => !hasIndex() && waiting() < 800],
  ['with all of them in place', () => !hasIndex() && waiting() === 0],
  ['when the index is back', () => waiting() === 0 && hasIndex()],
];

for (const [what, isNow] of moments) {
  test(`killed in the update of a kept folder ${what}, the next build has what is there`, async () => {
    await buildsWhatIsThere();
    changeFolder();
    const build = startProcess(daemon, launcher, ['build', '-q', '-o', out, folder]);
    let hasArrived = false;
    await moment(
      () => {
        hasArrived ||= waiting() > 100;
        return hasArrived && isNow();
      },
      () => build.child.exitCode !== null,
    );
    await daemon.kill();
    await build.ended;
    await daemon.start();
    await buildsWhatIsThere();
  });
}
