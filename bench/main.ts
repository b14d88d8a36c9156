import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startBerth, startDockerd, startRegistry } from './engine.ts';
import type { Bench, Row } from './row.ts';
import { analyzeRows } from './rows/analyze.ts';
import { buildRows } from './rows/build.ts';
import { lintRows } from './rows/lint.ts';
import { memoryRows } from './rows/memory.ts';
import { registryRows } from './rows/registry.ts';
import { runRows } from './rows/run.ts';
import { transferRows } from './rows/transfer.ts';
import { median, renderRow, tableHead } from './table.ts';

const rows: Row[] = [
  ...memoryRows,
  ...runRows,
  ...buildRows,
  ...transferRows,
  ...registryRows,
  ...analyzeRows,
  ...lintRows,
];
const registryPort = { berth: 15_000, peer: 15_001 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    list: { type: 'boolean' },
    keep: { type: 'boolean' },
  },
});
if (values.list) console.log(rows.map((row) => row.name).join('\n'));
else
  await measure(
    rows.filter(({ name, onlyByName }) => {
      if (onlyByName) return positionals.includes(name);
      return positionals.length === 0 || positionals.some((part) => name.includes(part));
    }),
  );

async function measure(chosen: readonly Row[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const registry = await startRegistry(join(folder, 'registry'), registryPort.peer);
  const berth = await startBerth(join(folder, 'berth'), registryPort.berth);
  const dockerd = await startDockerd(join(folder, 'dockerd'));
  try {
    const bench: Bench = { folder, berth, dockerd, registryPort, image: 'bench/busybox' };
    await prepareImage(bench);
    console.log(tableHead);
    for (const row of chosen) console.log(renderRow(row, await figures(row, bench)));
  } finally {
    await Promise.all([berth.stop(), dockerd.stop(), registry.stop()]);
    if (!values.keep) await rm(folder, { recursive: true, force: true });
  }
}

/** Medians by side; the sides take turns, and the first turn of each is not counted. */
async function figures(row: Row, bench: Bench): Promise<Record<string, number>> {
  await row.prepare?.(bench);
  const samples: Record<string, number[]> = {};
  for (let turn = 0; turn <= Number(values.runs); turn++) {
    for (const [side, measureSide] of Object.entries(row.sides)) {
      const figure = await measureSide(bench, turn);
      if (turn > 0) {
        samples[side] ??= [];
        samples[side].push(figure);
      }
    }
  }
  await row.cleanUp?.(bench);
  return Object.fromEntries(Object.entries(samples).map(([side, list]) => [side, median(list)]));
}

/** A base image for all: Debian's static busybox; buildah takes it from the peer registry. */
async function prepareImage(bench: Bench): Promise<void> {
  const root = join(bench.folder, 'busybox');
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of ['sh', 'true', 'echo', 'sleep', 'cat'])
    await symlink('busybox', join(root, 'bin', applet));
  await writeFile(
    join(root, 'Dockerfile'),
    'FROM scratch\nCOPY bin /bin/\nENV PATH=/bin\nCMD ["sh"]\n',
  );
  for (const engine of [bench.berth, bench.dockerd])
    await engine.docker('build', '-q', '-t', bench.image, root);
  const run = promisify(execFile);
  const storage = join(bench.folder, 'buildah');
  const options = [
    '--root',
    join(storage, 'root'),
    '--runroot',
    join(storage, 'run'),
    '--storage-driver',
    'overlay',
  ];
  await run('buildah', [...options, 'build', '-q', '-t', bench.image, root]);
  await Promise.all(
    [bench.berth, bench.dockerd].map(async (engine) => {
      await mkdir(join(bench.folder, engine.name, 'client'), { recursive: true });
    }),
  );
}
