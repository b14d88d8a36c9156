import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { check, get, type Registry } from './registry.ts';

export function tagSuite(registry: Registry): void {
  describe('content discovery: tags (end-8)', () => {
    const repository = 'conformance/tags';
    const list = (query = '') => get(`/v2/${repository}/tags/list${query}`);
    const tags = ['test0', 'test1', 'test2', 'test3'];
    before(async () => {
      for (const tag of tags.toReversed()) await registry.pushImage(repository, tag);
    });
    const listed = (names: readonly string[]) => JSON.stringify({ name: repository, tags: names });

    check('all, in order', () =>
      registry.exchange(list(), { status: 200, body: listed(tags), headers: { link: undefined } }),
    );
    test('the first n, and a link to the rest', async () => {
      const { headers } = await registry.exchange(list('?n=3'), {
        status: 200,
        body: listed(tags.slice(0, 3)),
        headers: { link: /^<\/v2\/conformance\/tags\/tags\/list\?n=3&last=test2>; rel="next"$/ },
      });
      const next = /<(.*)>/.exec(String(headers.link))![1]!;
      await registry.exchange(get(next), {
        status: 200,
        body: listed(['test3']),
        headers: { link: undefined },
      });
    });
    check('those after last', () =>
      registry.exchange(list('?n=2&last=test0'), { status: 200, body: listed(['test1', 'test2']) }),
    );
    check('last need not exist', () =>
      registry.exchange(list('?last=test1zzz'), { status: 200, body: listed(['test2', 'test3']) }),
    );
    check('none for n=0, and no link', () =>
      registry.exchange(list('?n=0'), {
        status: 200,
        body: listed([]),
        headers: { link: undefined },
      }),
    );
    check('n beyond the end', () =>
      registry.exchange(list('?n=999999999'), { status: 200, body: listed(tags) }),
    );
    for (const n of ['-1', 'x', '1e3', '9999999999']) {
      check(`n=${n} is refused`, () => registry.exchange(list(`?n=${n}`), { status: 400 }));
    }
    check('an unknown repository', () =>
      registry.exchange(get('/v2/conformance/nobody/tags/list'), {
        status: 404,
        code: 'NAME_UNKNOWN',
      }),
    );
    test('the catalog, in pages', async () => {
      const { headers } = await registry.exchange(get('/v2/_catalog?n=1'), { status: 200 });
      assert.match(String(headers.link), /^<\/v2\/_catalog\?n=1&last=.*>; rel="next"$/);
      const all = await registry.exchange(get('/v2/_catalog'), { status: 200 });
      assert.ok((all.json() as { repositories: string[] }).repositories.includes(repository));
    });
  });
}
