import { invalid } from '../core/index.ts';

export function parseJobId(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw invalid(`find job: "${text}" is not a job number`);
  return Number(text);
}
