import { cpus, release, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { measure } from './measure.ts';
import { type Bench, openBench } from './open-bench.ts';
import { run } from './processes.ts';
import type { Row } from './row.ts';
import { analyzeRows } from './rows/analyze.ts';
import { buildRows } from './rows/build.ts';
import { fileRows } from './rows/files.ts';
import { lintRows } from './rows/lint.ts';
import { memoryRows } from './rows/memory.ts';
import { packageRows } from './rows/packages.ts';
import { registryRows } from './rows/registry.ts';
import { runRows } from './rows/run.ts';
import { transferRows } from './rows/transfer.ts';
import { renderRow, tableHead } from './table.ts';

const rows: readonly Row[] = [
  ...memoryRows,
  ...runRows,
  ...buildRows,
  ...packageRows,
  ...fileRows,
  ...transferRows,
  ...registryRows,
  ...analyzeRows,
  ...lintRows,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, list: { type: 'boolean' } },
});
const runs = Number(values.runs);
const unknown = positionals.filter((part) => !rows.some(({ name }) => name.includes(part)));

if (values.list) console.log(rows.map(({ name }) => name).join('\n'));
else if (!Number.isInteger(runs) || runs < 1) fail(`--runs ${values.runs}: not a positive number`);
else if (unknown.length > 0) fail(`no row's name holds "${unknown[0]}": see script/bench --list`);
else process.exitCode = await printTable(rows.filter(isChosen));

function isChosen({ name, onlyByName }: Row): boolean {
  if (positionals.length === 0) return !onlyByName;
  return positionals.some((part) => (onlyByName ? name === part : name.includes(part)));
}

/** Gives the exit code: 1 when a row could not be measured. A missed goal is a result. */
async function printTable(chosen: readonly Row[]): Promise<number> {
  // Our caller made this folder for us, and removes it when everything has ended.
  await using bench = await openBench(tmpdir());
  console.log(await describeMachine(bench));
  console.log(`\n${tableHead}`);
  const notes = new Set<string>();
  for (const [name, reason] of bench.missing) notes.add(`${name} takes no part: ${reason}`);
  let exitCode = 0;
  for (const row of chosen) {
    const lacking = row.needs?.find((need) => bench.missing.has(need));
    if (lacking) {
      console.log(`${row.name}: left out, it needs ${lacking}`);
      continue;
    }
    try {
      const measurement = await measure(row, bench, runs);
      console.log(renderRow(row, measurement));
      for (const [side, reason] of measurement.skipped)
        if (!bench.missing.has(side)) notes.add(`${row.name}: ${side} failed: ${reason}`);
    } catch (error) {
      console.log(`${row.name}: not measured, see below`);
      notes.add(`${row.name}: ${error instanceof Error ? error.message : error}`);
      exitCode = 1;
    }
  }
  if (notes.size > 0) console.log(`\n${[...notes].join('\n')}`);
  console.log(`\nmedians without the first run; ${Math.round(process.uptime())} s in all`);
  return exitCode;
}

async function describeMachine(bench: Bench): Promise<string> {
  const version = async (command: string, args: string[]) =>
    (await run(command, args).catch(() => `${command} is missing`)).split('\n', 1).join();
  return [
    `${cpus().length} CPUs (${cpus()[0]?.model.trim()}), Linux ${release()}`,
    `${(await run('stat', ['-f', '-c', '%T', bench.folder])).trim()} at ${bench.folder}`,
    await version('docker', ['--version']),
    ...(bench.missing.has('dockerd')
      ? []
      : [`dockerd ${await bench.dockerd.docker('version', '--format', '{{.Server.Version}}')}`]),
    await version('buildah', ['--version']),
    await version('runc', ['--version']),
  ]
    .map((fact) => fact.trim())
    .join('; ');
}

function fail(message: string): void {
  console.error(`bench: ${message}`);
  process.exitCode = 2;
}
