import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mountsBelow, newFolder, openWorkshop, type tarOf } from './workshop.ts';

describe('builds survive faults', () => {
  const folder = newFolder('berth-build-faults-');
  after(() => rmSync(folder, { recursive: true }));
  before(async () => {
    const shop = await openWorkshop({ rootPath: folder });
    await shop.addBusybox();
    await shop.close();
  });

  it('a daemon killed in the middle of a step leaves nothing that lasts', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'half-built.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.ok(readdirSync(join(folder, 'secrets')).length > 0, 'the crash left something');
    const shop = await openWorkshop({ rootPath: folder });
    assert.deepEqual(readdirSync(join(folder, 'build/work')), []);
    assert.deepEqual(readdirSync(join(folder, 'secrets')), []);
    assert.deepEqual(readdirSync(join(folder, 'run/steps')), []);
    assert.deepEqual(mountsBelow(folder), []);
    const { outcomes } = await shop.build('FROM busybox\nCOPY f /f\nRUN echo x > /g\n', {
      files: { f: 'x' },
    });
    assert.equal(outcomes['RUN echo x > /g'], 'done');
    await shop.close();
  });

  it('a full disk is an error, and what was there stays', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small]);
    try {
      const shop = await openWorkshop({ rootPath: small });
      await shop.addBusybox();
      await shop.build('FROM busybox\nRUN echo kept > /kept\n', { tag: 'kept' });
      const big = Buffer.alloc(30 << 20, 'x');
      await assert.rejects(
        shop.build('FROM busybox\nCOPY big /a\nCOPY big /b/big\n', { files: { big } }),
        /no space left on device/i,
      );
      await assert.rejects(
        shop.build('FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=100\n'),
        /exit code: 1|no space left/i,
      );
      await shop.builder.settled();
      assert.deepEqual(readdirSync(join(small, 'build/work')), []);
      const { imageId } = await shop.build('FROM kept\nENV STILL=there\n');
      {
        await using view = await shop.open(imageId);
        assert.equal(readFileSync(join(view.rootPath, 'kept'), 'utf8'), 'kept\n');
      }
      await shop.close();
    } finally {
      execFileSync('umount', [small]);
    }
  });

  it('a hostile context leads nowhere outside', async () => {
    const shop = await openWorkshop({ rootPath: folder });
    const hostile: [what: string, files: Parameters<typeof tarOf>[0]][] = [
      ['dots', { '../../../../../tmp/berth-build-escape': 'x' }],
      ['a link and a file behind it', { link: '->/tmp', 'link/berth-build-escape': 'x' }],
    ];
    for (const [what, files] of hostile) {
      await shop.build('FROM busybox\nCOPY . /c\n', { files }).catch(() => {});
      assert.equal(existsSync('/tmp/berth-build-escape'), false, what);
    }
    await shop.close();
  });

  it('many files are copied and cached; one that changed is seen', async () => {
    const shop = await openWorkshop({ rootPath: folder });
    const files = (changed: string) => ({
      ...Object.fromEntries(
        Array.from({ length: 3000 }, (_, n) => [`src/d${n % 30}/f${n}`, `content ${n}`]),
      ),
      'src/d7/f7': changed,
    });
    const dockerfile = 'FROM busybox\nCOPY src /src\nRUN find /src -type f | wc -l\n';
    const first = await shop.build(dockerfile, { files: files('1') });
    assert.equal(first.output.trim(), '3000');
    const again = await shop.build(dockerfile, { files: files('1') });
    assert.equal(again.outcomes['COPY src /src'], 'cached');
    const changed = await shop.build(dockerfile, { files: files('2'), explain: true });
    const missed = changed.events.find((event) => event.kind === 'step-missed');
    assert.deepEqual(missed?.reasons, ['"src/d7/f7" changed: content']);
    await shop.close();
  });

  it('pruning gives the space back, and images stay', async () => {
    const shop = await openWorkshop({ rootPath: folder });
    const big = Buffer.alloc(5 << 20, 'y');
    await shop.build(
      'FROM busybox AS a\nCOPY big /big\nFROM busybox\nCOPY --from=a /bin/sh /sh2\n',
      {
        files: { big },
        tag: 'small',
      },
    );
    const { reclaimedBytes } = await shop.builder.cache.prune({ all: true });
    assert.ok(reclaimedBytes >= 5 << 20, `${reclaimedBytes}`);
    assert.deepEqual(await shop.builder.cache.usage(), []);
    const { imageId } = await shop.build('FROM small\nCMD ["x"]\n');
    await using view = await shop.open(imageId);
    assert.ok(existsSync(join(view.rootPath, 'sh2')));
    await view[Symbol.asyncDispose]();
    await shop.close();
  });
});
