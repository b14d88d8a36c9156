/**
 * Builds random cases with BuildKit and with Berth and keeps those that differ: `compare.ts FIRST COUNT
 * FOLDER`, with the surroundings of `record.ts`. A kept case is a folder as in `testdata`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBerth } from '../ask-berth.ts';
import { askBuildkit, forgetBuildkit, prepareBuildkit } from '../ask-buildkit.ts';
import type { GoldenCase } from '../golden-case.ts';
import { type Outcome, serveWebFiles } from '../outcome.ts';
import { verdictOf } from './on-purpose.ts';
import { randomCase } from './random-case.ts';

function keep(given: GoldenCase, theirs: Outcome, own: Outcome, folder: string): void {
  const at = join(folder, given.name);
  mkdirSync(at, { recursive: true });
  const { content } = given.files[given.dockerfileName] as { content: string };
  writeFileSync(join(at, 'Dockerfile'), content);
  writeFileSync(join(at, 'case.json'), `${JSON.stringify(given.options, null, 2)}\n`);
  writeFileSync(join(at, theirs.file), theirs.text);
  writeFileSync(join(at, `berth-${own.file}`), own.text);
}

/** The first line of what an error says, for a look at what random builds fail of. */
function failure({ file, text }: Outcome): string {
  const said = text.replace(/^warning .*\n/gm, '').split('\n')[0]!;
  return file === 'error.txt' ? `: ${said.slice(0, 100)}` : '';
}

const [first = '1', count = '100', folder = 'differences'] = process.argv.slice(2);
await using _web = await serveWebFiles();
const berth = await openBerth();
const tally: Record<string, number> = {};
try {
  await prepareBuildkit();
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const given = randomCase(seed);
    const theirs = await askBuildkit(given).catch((error: Error) => {
      // An image without layers is nothing that Docker can save.
      if (!error.message.includes('empty export')) throw error;
    });
    if (!theirs) continue;
    const own = await berth.outcomeOf(given);
    const { content } = given.files[given.dockerfileName] as { content: string };
    const verdict = verdictOf(theirs, own, content);
    tally[verdict] = (tally[verdict] ?? 0) + 1;
    if (!/^same|^\(/.test(verdict)) keep(given, theirs, own, join(folder, verdict));
    process.stdout.write(`${given.name}: ${verdict}${failure(own)}\n`);
  }
} finally {
  forgetBuildkit();
  await berth.close();
}
process.stdout.write(`${JSON.stringify(tally)}\n`);
