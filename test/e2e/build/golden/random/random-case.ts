import { type SeededRandom, seededRandom } from '../../../../../src/dockerfile/seeded-random.ts';
import type { CaseOptions, GoldenCase } from '../golden-case.ts';
import { mutated } from './mutation.ts';
import { randomFiles, randomIgnoreFile } from './random-context.ts';
import { randomDockerfile } from './random-dockerfile.ts';
import { randomWord, variableNames } from './random-words.ts';

/** A build made from a number, the same one each time. */
export function randomCase(seed: number): GoldenCase {
  const random = seededRandom(seed * 7919 + 13);
  const chance = (of: number) => random.next() < of;
  // What BuildKit was sent with the same name, size and time it takes for the same.
  const mtimeS = 1_500_000_000 + (seed % 100_000_000);
  const files = randomFiles(random, mtimeS);
  const paths = Object.keys(files);
  if (chance(0.35)) files['.dockerignore'] = { content: randomIgnoreFile(random, paths), mtimeS };
  const named = chance(0.2) ? randomFiles(random, mtimeS) : undefined;
  const contexts = {
    ...(named && { ctx: named as Record<string, never> }),
    ...(chance(0.1) && { other: 'furnished' }),
  };
  let text = randomDockerfile(random, { paths, contexts: Object.keys(contexts) });
  if (chance(0.15)) text = mutated(random, text);
  const dockerfileName = chance(0.05) ? 'other.Dockerfile' : 'Dockerfile';
  if (dockerfileName !== 'Dockerfile' && chance(0.5)) {
    files[`${dockerfileName}.dockerignore`] = { content: randomIgnoreFile(random, paths), mtimeS };
  }
  const options: CaseOptions = {
    only: true,
    files: files as never,
    ...(chance(0.3) && { buildArgs: randomArgs(random) }),
    ...(chance(0.06) && {
      labels: { 'from.flag': random.pick(['x', '', 'a b', '$A']), k: 'flag' },
    }),
    ...(chance(0.04) && { target: random.pick(['s0', 'st1', 'build0', 'Build1', 'none', 'x-11']) }),
    ...(Object.keys(contexts).length > 0 && { contexts }),
    ...(dockerfileName !== 'Dockerfile' && { dockerfile: dockerfileName }),
    ...(chance(0.3) && { secrets: { s: 'hidden' } }),
  };
  const dockerfile = { content: text, mtimeS };
  return {
    name: `random-${seed}`,
    folder: '',
    dockerfileName,
    options,
    files: { ...files, [dockerfileName]: dockerfile },
  };
}

function randomArgs(random: SeededRandom): Record<string, string> {
  const names = [...variableNames, 'HTTP_PROXY', 'NOT_DECLARED', 'TARGETARCH'];
  const value = () =>
    random.pick(['', 'x', 'a b', 'one', '/foo/bar', '"q"', '$B', '7', randomWord(random, '\\', 1)]);
  return Object.fromEntries(random.list(3, () => [random.pick(names), value()]));
}
