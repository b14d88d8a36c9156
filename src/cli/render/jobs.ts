import type { JobView } from '../../client/index.ts';
import { formatSize } from '../../core/index.ts';
import { renderElapsed } from './duration.ts';
import { renderTable } from './table.ts';

export function renderJobs(jobs: readonly JobView[], nowMs: number): string {
  return renderTable(
    ['JOBID', 'NAME', 'USER', 'STATE', 'TIME', 'CPUS', 'MEMORY', 'EXIT', 'REASON'],
    jobs.map((job) => [
      String(job.id),
      job.name,
      job.user,
      job.state,
      elapsed(job, nowMs),
      String(job.cpus),
      formatSize(job.memoryBytes),
      job.exitCode === undefined ? '-' : String(job.exitCode),
      job.reason === undefined ? '' : `(${job.reason})`,
    ]),
  );
}

function elapsed(job: JobView, nowMs: number): string {
  if (job.startedAt === undefined) return '00:00';
  const endMs = job.endedAt === undefined ? nowMs : Date.parse(job.endedAt);
  return renderElapsed(endMs - Date.parse(job.startedAt));
}
