export { admit, type Capacity, type Submission } from './admission.ts';
export {
  exitCodeOf,
  type Job,
  type JobState,
  type Outcome,
  type Resources,
  stateName,
} from './job.ts';
export { createJobs, type Jobs } from './jobs.ts';
export type { JobBackend, JobRecords, OutputLine, OutputOptions } from './ports.ts';
export { schedule } from './schedule.ts';
