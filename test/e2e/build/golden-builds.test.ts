import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openBerth } from './golden/ask-berth.ts';
import { goldenCases } from './golden/golden-case.ts';
import { isSame, serveWebFiles } from './golden/outcome.ts';

/** `UPDATE_GOLDEN=1` writes what Berth makes where that is another than BuildKit's, to be read. */
const update = process.env.UPDATE_GOLDEN === '1';
const cases = await goldenCases((process.env.CASES ?? '').split(' ').filter(Boolean));

describe('what BuildKit makes of it, Berth makes of it', () => {
  let berth: Awaited<ReturnType<typeof openBerth>>;
  let web: AsyncDisposable;

  before(async () => {
    web = await serveWebFiles();
    berth = await openBerth();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    assert.deepEqual(await berth.close(), []);
  });

  for (const given of cases) {
    it(given.name, async () => {
      const { file, text } = await berth.outcomeOf(given);
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
});
