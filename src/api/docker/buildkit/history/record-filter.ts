import { invalid, parseDuration } from '../../../../core/index.ts';
import { parseTimestamp } from '../../timestamp.ts';
import { type FieldsOf, selectorFilter } from '../selector-filter.ts';
import type { BuildRecord } from './build-record.ts';

type Matches = (record: BuildRecord) => boolean;

/**
 * Which records a client means (BuildKit, solver/llbsolver/history): selectors on `ref`, `status` and
 * `repository`, and bounds such as `duration>1m` or `startedAt<24h`. Of several filters one must
 * hold, in each all of its parts. Throws `invalid`.
 */
export function recordFilter(filters: readonly string[]): Matches {
  const any = filters.filter(Boolean).map((filter) => {
    const parts = filter.split(',');
    const bounds = parts.flatMap((part) => boundOf(part) ?? []);
    const rest = parts.filter((part) => !boundOf(part));
    const selects = selectorFilter(rest.length > 0 ? [rest.join(',')] : [], fields);
    return (record: BuildRecord) => selects(record) && bounds.every((holds) => holds(record));
  });
  return (record) => any.length === 0 || any.some((matches) => matches(record));
}

const fields: FieldsOf<BuildRecord> = {
  subject: 'the build history',
  flags: {},
  texts: {
    ref: ({ ref }) => ref,
    status: statusOf,
    repository: ({ attributes }) => attributes['vcs:source'] ?? attributes.context ?? '',
  },
};

function statusOf({ completedAtMs, failure }: BuildRecord): string {
  if (completedAtMs === undefined) return 'running';
  if (!failure) return 'completed';
  return failure.message.includes('context canceled') ? 'canceled' : 'error';
}

const bound = /^(startedAt|completedAt|duration)(>=|<=|>|<)(.*)$/;

function boundOf(part: string): Matches | undefined {
  const [, name, operator, text = ''] = bound.exec(part) ?? [];
  if (!name) return undefined;
  const limit = name === 'duration' ? parseDuration(text) : momentOf(text);
  const valueIn = (record: BuildRecord): number => {
    const { createdAtMs, completedAtMs } = record;
    if (name === 'startedAt') return createdAtMs;
    if (completedAtMs === undefined) return 0;
    return name === 'completedAt' ? completedAtMs : completedAtMs - createdAtMs;
  };
  return (record) => {
    const value = valueIn(record);
    if (operator === '>') return value > limit;
    if (operator === '<') return value < limit;
    return operator === '>=' ? value >= limit : value <= limit;
  };
}

/** A time, or how long it is ago. */
function momentOf(text: string): number {
  const moment = parseTimestamp(text);
  if (moment === undefined) throw invalid(`invalid time ${text.slice(0, 80)}`);
  return moment;
}
