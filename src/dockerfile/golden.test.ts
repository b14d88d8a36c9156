import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderedError } from '../../test/contract/rendered-error.ts';
import { type Dockerfile, parseDockerfile, type SourceRange } from './index.ts';

/** `UPDATE_GOLDEN=1` writes what the parser gives now, to be read before it is committed. */
const update = process.env.UPDATE_GOLDEN === '1';
const root = join(import.meta.dirname, 'testdata');

for (const name of readdirSync(root)) {
  const folder = join(root, name);
  const dockerfile = join(folder, 'Dockerfile');
  if (!existsSync(dockerfile)) continue;
  test(`testdata/${name}`, () => {
    const text = readFileSync(dockerfile);
    const snippet = name.startsWith('snippet-');
    let outcome: { file: string; text: string };
    try {
      const parsed = parseDockerfile(text, { fileName: 'Dockerfile', snippet });
      outcome = { file: 'result.json', text: printed(parsed) };
    } catch (error) {
      outcome = { file: 'error.txt', text: `${messageAndPlace(error)}\n` };
    }
    const expected = join(folder, outcome.file);
    if (update) writeFileSync(expected, outcome.text);
    assert.equal(outcome.text, existsSync(expected) ? readFileSync(expected, 'utf8') : '');
  });
}

function messageAndPlace(error: unknown): string {
  assert.ok(error instanceof Error);
  return `${error.message}\n\n${renderedError(error)}`;
}

/** The parts of a Dockerfile that a reader wants to see, ranges as `line:column-line:column`. */
function printed(dockerfile: Dockerfile): string {
  const { escapeToken, directives, comments, instructions, emptyContinuations } = dockerfile;
  const stages = dockerfile.stages.map(({ name, instructions: inner }) => ({
    name,
    instructions: inner.length,
  }));
  const value = { escapeToken, directives, comments, stages, emptyContinuations, instructions };
  return `${JSON.stringify(value, compact, 1)}\n`;
}

const isRange = (value: object): value is SourceRange => 'start' in value && 'end' in value;

function compact(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRange(value)) return rangeText(value);
  // A word is its text and its place, on one line.
  if ('text' in value && 'range' in value && Object.keys(value).length === 2) {
    return `${rangeText(value.range as SourceRange)} ${value.text}`;
  }
  const kept = Object.entries(value).filter(
    ([key, part]) => key !== 'source' && !(Array.isArray(part) && part.length === 0),
  );
  return Array.isArray(value) ? value : Object.fromEntries(kept);
}

function rangeText({ start, end }: SourceRange): string {
  return `${start.line}:${start.column}-${end.line}:${end.column}`;
}
