import type { Digest } from '../../core/index.ts';
import { parseListing } from '../context/content-digest.ts';
import type { Inputs } from './inputs.ts';
import type { CacheRecord, CacheRecords } from './records.ts';

/** A step whose key led to nothing. */
export interface Missed {
  readonly key: Digest;
  readonly inputs: Inputs;
  readonly details: ReadonlyMap<Digest, string>;
  readonly description: string;
  readonly site: string;
  readonly parentKey: Digest | undefined;
}

const mostDifferences = 10;
const recordsLookedAt = 1000;
/** Of those, so many are compared in detail. */
const recordsCompared = 8;

/**
 * Why a step missed, in sentences: what is different from the nearest earlier record of the same
 * step. Pure but for reading the records.
 */
export function explainMiss(missed: Missed, records: CacheRecords): string[] {
  if (records.get(missed.key)) return ['its result is known, but is no longer stored'];
  const here = records.atSite(missed.site, recordsLookedAt);
  const isSame = ({ description }: CacheRecord) => description === missed.description;
  const same = here.filter(isSame);
  const before = here.find(({ parentKey }) => parentKey === missed.parentKey);
  if (same.length === 0 && before) {
    return [`the instruction is new here: before, this was ${quoted(before.description)}`];
  }
  if (same.length === 0) same.push(...records.list().filter(isSame));
  if (same.length === 0) return ['no earlier build of this step is known'];
  const reasons = nearestOf(same, missed)
    .map((nearest) =>
      differingNames(nearest.inputs, missed.inputs).flatMap((name) =>
        differenceOf(name, { nearest, missed, records }),
      ),
    )
    .reduce((fewest, others) => (others.length < fewest.length ? others : fewest));
  return reasons.length > 0 ? reasons : ['its key is made in another way than before'];
}

/** Those records of a step that differ in the fewest inputs, newest first, a few at most. */
function nearestOf(records: readonly CacheRecord[], { inputs }: Missed): CacheRecord[] {
  const counts = records.map((record) => differingNames(record.inputs, inputs).length);
  const fewest = Math.min(...counts);
  return records.filter((_, index) => counts[index] === fewest).slice(0, recordsCompared);
}

function differingNames(before: Inputs, now: Inputs): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).sort();
}

interface Comparison {
  readonly nearest: CacheRecord;
  readonly missed: Missed;
  readonly records: CacheRecords;
}

function differenceOf(name: string, comparison: Comparison): string[] {
  const { nearest, missed } = comparison;
  const before = nearest.inputs[name];
  const now = missed.inputs[name];
  if (name === 'parent') {
    return missed.parentKey === undefined
      ? ['the base image changed']
      : ['what it stands on changed: a step before it gave another result'];
  }
  if (name === 'environment') return environmentDifferences(textsOf(comparison, before, now));
  if (name.startsWith('files')) return fileDifferences(textsOf(comparison, before, now), name);
  if (before === undefined) return [`${name} is new: ${quoted(now!)}`];
  if (now === undefined) return [`${name} is gone: it was ${quoted(before)}`];
  return [`${name} changed from ${quoted(before)} to ${quoted(now)}`];
}

/** The texts that two inputs are digests of. */
function textsOf(
  { missed, records }: Comparison,
  before: string | undefined,
  now: string | undefined,
): { before: string | undefined; now: string | undefined } {
  return {
    before: before === undefined ? undefined : records.detail(before as Digest),
    now: now === undefined ? undefined : missed.details.get(now as Digest),
  };
}

interface Texts {
  readonly before: string | undefined;
  readonly now: string | undefined;
}

function environmentDifferences({ before, now }: Texts): string[] {
  if (before === undefined || now === undefined) return ['its variables changed'];
  return bounded(differences(variablesOf(before), variablesOf(now)), {
    added: (name, value) => `variable ${name} is new: ${quoted(value)}`,
    removed: (name, value) => `variable ${name} is gone: it was ${quoted(value)}`,
    changed: (name, from, to) => `variable ${name} changed from ${quoted(from)} to ${quoted(to)}`,
  });
}

function variablesOf(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const pair of text.split('\0')) {
    const equals = pair.indexOf('=');
    if (equals >= 0) variables.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return variables;
}

function fileDifferences({ before, now }: Texts, name: string): string[] {
  if (before === undefined || now === undefined) return [`its ${name} changed`];
  return bounded(differences(parseListing(before), parseListing(now)), {
    added: (path) => `${quoted(path)} was added`,
    removed: (path) => `${quoted(path)} was removed`,
    changed: (path, from, to) => `${quoted(path)} changed${partsChanged(from, to)}`,
  });
}

const listingParts = ['type', 'mode', 'owner', 'target', 'content', 'attributes'];

/** Which parts of a file's line differ: `: content, mode 644 → 755`. */
function partsChanged(from: string, to: string): string {
  const before = from.split('\0');
  const now = to.split('\0');
  const changed = listingParts.flatMap((part, index) => {
    const [old = '', fresh = ''] = [before[index], now[index]];
    if (old === fresh) return [];
    return part === 'content' || part === 'attributes' ? [part] : [`${part} ${old} → ${fresh}`];
  });
  return `: ${changed.join(', ')}`;
}

interface Differences {
  readonly added: readonly (readonly [name: string, value: string])[];
  readonly removed: readonly (readonly [name: string, value: string])[];
  readonly changed: readonly (readonly [name: string, from: string, to: string])[];
}

function differences(before: Map<string, string>, now: Map<string, string>): Differences {
  const changed: [string, string, string][] = [];
  for (const [name, value] of now) {
    const old = before.get(name);
    if (old !== undefined && old !== value) changed.push([name, old, value]);
  }
  return {
    changed,
    added: [...now].filter(([name]) => !before.has(name)),
    removed: [...before].filter(([name]) => !now.has(name)),
  };
}

function bounded(
  { added, removed, changed }: Differences,
  say: {
    added: (name: string, value: string) => string;
    removed: (name: string, value: string) => string;
    changed: (name: string, from: string, to: string) => string;
  },
): string[] {
  const all = [
    ...changed.map(
      ([name, from, to]) =>
        () =>
          say.changed(name, from, to),
    ),
    ...added.map(
      ([name, value]) =>
        () =>
          say.added(name, value),
    ),
    ...removed.map(
      ([name, value]) =>
        () =>
          say.removed(name, value),
    ),
  ];
  const shown = all.slice(0, mostDifferences).map((sentence) => sentence());
  const rest = all.length - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more differences`] : shown;
}

/** Quoted as JSON, so that no control character gets through, and cut. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}
