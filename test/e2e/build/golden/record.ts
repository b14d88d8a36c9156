/**
 * Writes what a real BuildKit makes of the cases: `record.ts [WORD…]`, with DOCKER_HOST a dockerd of
 * 23 or newer whose loopback this process shares, and `docker` (or DOCKER) a client with buildx.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askBuildkit, forgetBuildkit, prepareBuildkit } from './ask-buildkit.ts';
import { goldenCases } from './golden-case.ts';
import { serveWebFiles } from './outcome.ts';

await using _web = await serveWebFiles();
try {
  await prepareBuildkit();
  for (const given of await goldenCases(process.argv.slice(2))) {
    const { file, text } = await askBuildkit(given);
    for (const name of ['image.txt', 'error.txt']) {
      const path = join(given.folder, name);
      if (existsSync(path)) rmSync(path);
    }
    writeFileSync(join(given.folder, file), text);
    process.stdout.write(`${given.name}: ${file}\n`);
  }
} finally {
  forgetBuildkit();
}
