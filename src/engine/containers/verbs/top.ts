import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { conflict, errorMessage, internal, invalid } from '../../../core/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { aliveRun } from '../../runs/run.ts';

const run = promisify(execFile);

export interface ProcessList {
  titles: string[];
  processes: string[][];
}

/** The machine's `ps` for the processes of a container; `-ef` when no arguments are given. */
export async function topOf(parts: EngineParts, ref: string, psArgs: string): Promise<ProcessList> {
  const text = psArgs || '-ef';
  checkArguments(text);
  const record = parts.table.find(ref);
  const { id, state } = record;
  if (state.kind === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  const pids = parts.cgroups.processes(aliveRun(parts, record).cgroupPath);
  const list = parseProcessList(await ps(text.split(' ').filter(Boolean), pids), pids);
  parts.tell(record, 'top');
  return list;
}

/** A column by another name would keep the pid from being found. */
function checkArguments(text: string): void {
  for (const [, column, name] of text.matchAll(/\s+([^\s]*)=\s*(PID[^\s]*)/g)) {
    if (column !== 'pid') throw invalid(`specifying "${column}=${name}" is not allowed`);
  }
}

async function ps(args: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    return (await run('ps', [...args, `-q${pids.join(',')}`])).stdout;
  } catch {
    // Some options, such as f, cannot be used together with q.
    try {
      return (await run('ps', [...args], { maxBuffer: 64 << 20 })).stdout;
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw internal(`ps: ${stderr.split('\n')[0] || errorMessage(cause)}`, { cause });
    }
  }
}

/** Lines of the given processes; overhanging words belong to the last column. */
export function parseProcessList(output: string, pids: readonly number[]): ProcessList {
  const [head = '', ...lines] = output.split('\n');
  const titles = fields(head);
  const column = titles.indexOf('PID');
  if (column < 0) throw internal("Couldn't find PID field in ps output");
  const wanted = new Set(pids);
  const processes: string[][] = [];
  let isThreadOfWanted = false;
  for (const line of lines.filter(Boolean)) {
    const words = fields(line);
    const pid = words[column];
    // With the option m, threads follow their process with a dash for the pid.
    if (pid !== '-') isThreadOfWanted = wanted.has(Number(pid));
    if (!isThreadOfWanted) continue;
    const last = titles.length - 1;
    processes.push([...words.slice(0, last), words.slice(last).join(' ')]);
  }
  return { titles, processes };
}

function fields(line: string): string[] {
  return line.split(/[\t\n\f\r ]+/).filter(Boolean);
}
