import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { localFolder } from '../../../src/build/testing/local-folder.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const files = { 'one/a': 'a', 'one/deep/b': 'b', 'two/c': 'c', file: 'f' };

/** What stands below a folder; links are not followed. */
function look(root: string, folder: string, seen: Record<string, string>): void {
  for (const name of readdirSync(join(root, folder))) {
    const path = join(folder, name);
    if (path === 'bin') continue;
    const stat = lstatSync(join(root, path));
    const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
    const text = stat.isFile() ? readFileSync(join(root, path), 'utf8') : '';
    seen[path] = `${stat.isDirectory() ? 'd' : stat.isFile() ? 'f' : 'l'} ${owner} ${text}`;
    if (stat.isDirectory()) look(root, path, seen);
  }
}

describe('copies on a parent that changed', () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
    await shop.addBusybox();
  });
  after(async () => {
    await shop.close();
    rmSync(shop.rootPath, { recursive: true });
  });

  /** Builds a copy on a parent; gives the layer's digest, and what is in the image then. */
  async function copyOn(parent: string, copy: string) {
    const dockerfile = `FROM busybox\nRUN ${parent}\n${copy}\n`;
    const { imageId, outcomes } = await shop.build(dockerfile, { files });
    assert.equal(outcomes[copy], 'done', `${copy} on ${parent}`);
    await using view = await shop.open(imageId);
    const seen: Record<string, string> = {};
    look(view.rootPath, '', seen);
    return { seen, layer: (await shop.config(imageId)).rootfs.diff_ids.at(-1) };
  }

  it('is made once where it would come out the same', async () => {
    const same: [copy: string, parents: string[]][] = [
      ['COPY one /new/place/', ['true', 'echo x >/else', 'mkdir /other']],
      ['COPY one two /both/', ['true', 'echo y >/else']],
      ['COPY --chown=app one/a /tmp/x/', ['true', 'echo z >/root/z']],
      ['COPY file /root/file', ['touch -d @5 /root', 'echo a >/root/file; touch -d @5 /root']],
      ['WORKDIR /some/where', ['true', 'echo w >/else']],
      [
        'COPY one /l/',
        ['ln -s /root /l; touch -d @5 /root', 'ln -s /root /l; echo v >/else; touch -d @5 /root'],
      ],
    ];
    for (const [copy, parents] of same) {
      const layers = new Set<unknown>();
      for (const parent of parents) {
        const { seen, layer } = await copyOn(parent, copy);
        layers.add(layer);
        if (parent.includes('/else')) assert.match(seen.else!, /^f 644/);
      }
      assert.equal(layers.size, 1, copy);
    }
  });

  it('is made again where it finds something else', async () => {
    const copy = 'COPY one /to/';
    const plain = await copyOn('true', copy);
    assert.match(plain.seen.to!, /^d 755 0:0/);
    const changed: [parent: string, path: string, expected: RegExp][] = [
      ['mkdir -m 700 /to', 'to', /^d 700 0:0/],
      ['mkdir /to && chown 7:8 /to', 'to', /^d 755 7:8/],
      ['mkdir -p /to/deep && chmod 711 /to/deep', 'to/deep', /^d 711 0:0/],
      ['mkdir -p /to && echo old >/to/a', 'to/a', /^f 644 0:0 a$/],
      ['mkdir -p /to && ln -s /etc/passwd /to/a', 'to/a', /^f 644 0:0 a$/],
      ['ln -s /root /to', 'root/deep/b', /^f 644 0:0 b$/],
      ['ln -s /srv/x /to', 'srv/x/a', /^f 644 0:0 a$/],
    ];
    for (const [parent, path, expected] of changed) {
      const { seen } = await copyOn(parent, copy);
      assert.match(seen[path] ?? '', expected, parent);
    }
    assert.match((await copyOn('echo 1 >/more', copy)).seen['to/deep/b']!, /^f 644 0:0 b$/);
  });

  it('fails where it cannot be, whatever was made before', async () => {
    await copyOn('true', 'COPY one /at/');
    await assert.rejects(copyOn('echo x >/at', 'COPY one /at/'), /cannot copy to non-directory/);
    await assert.rejects(copyOn('mkdir -p /to/a', 'COPY one /to/'), /cannot replace to directory/);
  });

  it('is not made again for a name that means the same owner, but for another', async () => {
    const copy = 'COPY --chown=somebody file /owned';
    const somebody = (uid: number) => `echo somebody:x:${uid}:${uid}::/: >>/etc/passwd`;
    const first = await copyOn(`${somebody(2000)}; true`, copy);
    assert.match(first.seen.owned!, /^f 644 2000:2000/);
    assert.equal((await copyOn(`${somebody(2000)}; echo 1 >/more`, copy)).layer, first.layer);
    assert.match((await copyOn(somebody(2001), copy)).seen.owned!, /^f 644 2001:2001/);
  });

  it('shares files of a kept context between layers, but never two names of one in an image', async () => {
    const source = join(shop.rootPath, 'source');
    mkdirSync(join(source, 'one'), { recursive: true });
    for (const name of ['a', 'b']) writeFileSync(join(source, 'one', name), name);
    const folder = localFolder(source, 'shared');
    const build = async (dockerfile: string) => {
      const context = { kind: 'folder', folder } as const;
      const { imageId } = await shop.build(dockerfile, {
        context,
        dockerfile: { text: dockerfile },
      });
      await using view = await shop.open(imageId);
      const inodes: Record<string, number> = {};
      for (const path of ['x/a', 'x/b', 'y/a', 'y/b']) {
        const stat = lstatSync(join(view.rootPath, path), { throwIfNoEntry: false });
        if (stat) inodes[path] = stat.ino;
      }
      return inodes;
    };
    const first = await build('FROM busybox\nCOPY one /x/\n');
    const other = await build('FROM busybox\nRUN mkdir /x /else\nCOPY one /x/\n');
    assert.deepEqual(other, first, 'the same files in two images');
    const differ = async (dockerfile: string) => {
      const inodes = Object.values(await build(`FROM busybox\n${dockerfile}`));
      assert.equal(inodes.length, 4);
      assert.equal(new Set(inodes).size, 4, dockerfile);
    };
    await differ('COPY one /x/\nCOPY one /y/\n');
    await differ('COPY one /y/\nCOPY one /x/\n');
    await differ('COPY one /y/\nRUN mkdir /more\nCOPY one /x/\n');
    await differ('COPY --link one /y/\nCOPY one /x/\n');
    await differ('COPY one /x/\nCOPY --link one /y/\n');
    await differ('COPY one/a one/b /x/\nCOPY one one/a /y/\n');
    writeFileSync(join(source, 'one/b'), 'changed');
    const changed = await build('FROM busybox\nCOPY one /x/\n');
    assert.equal(changed['x/a'], first['x/a']);
    assert.notEqual(changed['x/b'], first['x/b']);
  });

  it('sees what was deleted, and what was put in its place', async () => {
    const copy = 'COPY one /gone/';
    const { layer } = await copyOn('mkdir -m 700 /gone', copy);
    const { seen } = await copyOn('mkdir -m 700 /gone && rmdir /gone', copy);
    assert.match(seen.gone!, /^d 755/);
    const again = await copyOn('mkdir -m 700 /gone && rmdir /gone && mkdir -m 750 /gone', copy);
    assert.match(again.seen.gone!, /^d 750/);
    assert.notEqual(again.layer, layer);
  });
});
