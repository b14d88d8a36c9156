import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { BuildEvent } from '../../../src/build/index.ts';
import { BerthError, parseReference } from '../../../src/core/index.ts';
import { parsePlatform } from '../../../src/image/index.ts';
import { baseImages, rootFiles, standardFiles } from './golden/case-files.ts';
import { describeImage, type KnownImages, remember } from './golden/describe-image.ts';
import { type GoldenCase, goldenCases } from './golden/golden-case.ts';
import {
  errorOutcome,
  imageOutcome,
  isSame,
  type Outcome,
  serveWebFiles,
} from './golden/outcome.ts';
import { busyboxDockerfile, openWorkshop, tarOf, type Workshop } from './workshop.ts';

/** `UPDATE_GOLDEN=1` writes what Berth makes where that is another than BuildKit's, to be read. */
const update = process.env.UPDATE_GOLDEN === '1';
const cases = await goldenCases((process.env.CASES ?? '').split(' ').filter(Boolean));

describe('what BuildKit makes of it, Berth makes of it', () => {
  const known: KnownImages = { stacks: [], histories: [] };
  let shop: Workshop;
  let web: AsyncDisposable;

  before(async () => {
    web = await serveWebFiles();
    shop = await openWorkshop();
    await prepare('base', busyboxDockerfile, rootFiles());
    const files = await standardFiles();
    for (const [tag, dockerfile] of Object.entries(baseImages))
      await prepare(tag, dockerfile, files);
  });
  after(async () => {
    await shop.close();
    await web[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(shop.rootPath, 'build/work')), []);
    rmSync(shop.rootPath, { recursive: true });
  });

  async function prepare(tag: string, dockerfile: string, files: object): Promise<void> {
    const { imageId } = await shop.build(dockerfile, { files: files as never, tag });
    const { id } = await shop.store.images.resolve(imageId);
    await remember(known, shop.store.images.source(id));
  }

  for (const given of cases) {
    it(given.name, async () => {
      const { file, text } = await outcomeOf(given);
      const own = join(given.folder, `berth-${file}`);
      const theirs = join(given.folder, file);
      const said = existsSync(theirs) ? readFileSync(theirs, 'utf8') : '';
      const same = said !== '' && isSame(said, text, file);
      if (update) {
        for (const name of ['image.txt', 'error.txt']) {
          rmSync(join(given.folder, `berth-${name}`), { force: true });
        }
        if (!same) writeFileSync(own, text);
      }
      if (same) return;
      assert.equal(text, existsSync(own) ? readFileSync(own, 'utf8') : said);
      assert.ok(given.options.differs, "case.json says why it is another than BuildKit's");
    });
  }

  async function outcomeOf({ options, files, dockerfileName }: GoldenCase): Promise<Outcome> {
    const {
      buildArgs = {},
      labels = {},
      target,
      platform,
      secrets = {},
      allow,
      contexts,
    } = options;
    const events: BuildEvent[] = [];
    const warnings = () =>
      events
        .filter((event) => event.kind === 'warning')
        .filter(({ code }) => code !== 'UnconsumedBuildArgs');
    try {
      const { imageId } = await shop.build('', {
        files,
        context: { kind: 'tar', stream: tarOf(files) },
        dockerfile: { path: dockerfileName },
        noCache: true,
        onEvent: (event) => events.push(event),
        ...{ buildArgs, labels, target, allow },
        ...(platform !== undefined && { platform: parsePlatform(platform) }),
        secrets: Object.fromEntries(
          Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text)]),
        ),
        contexts: Object.fromEntries(
          Object.entries(contexts ?? {}).map(([name, source]) => [
            name,
            typeof source === 'string'
              ? { kind: 'image', reference: parseReference(source) }
              : { kind: 'tar', stream: tarOf(source) },
          ]),
        ),
      });
      const { id } = await shop.store.images.resolve(imageId);
      return imageOutcome(await describeImage(shop.store.images.source(id), known), warnings());
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      const { line } = (error.details ?? {}) as { line?: number };
      return errorOutcome({ message: error.message, line }, warnings());
    }
  }
});
