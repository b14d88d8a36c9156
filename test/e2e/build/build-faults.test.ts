import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mountsBelow, newFolder, openWorkshop, tarOf } from './workshop.ts';

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

  it('an archive that is a bomb is refused before it has filled the disk', async () => {
    const small = join(folder, 'bombed');
    const bombs = newFolder('berth-bombs-');
    const shell = (command: string) => execFileSync('sh', ['-c', command], { cwd: bombs });
    shell('truncate -s 1G zeros; tar -cf - zeros | gzip -1 > bomb.tar.gz');
    shell('tar -cf - zeros | zstd -q > bomb.tar.zst');
    shell('truncate -s 8T hole; tar -Scf sparse.tar hole; rm zeros hole');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small]);
    try {
      const shop = await openWorkshop({ rootPath: small });
      await shop.addBusybox();
      for (const name of ['bomb.tar.gz', 'bomb.tar.zst', 'sparse.tar']) {
        const bomb = readFileSync(join(bombs, name));
        const words = /no space left on device|too large/;
        const adding = shop.build(`FROM busybox\nADD ${name} /b/\n`, { files: { [name]: bomb } });
        await assert.rejects(adding, words, `ADD ${name}`);
        const stream = (async function* () {
          yield bomb;
        })();
        await assert.rejects(shop.build('', { context: { kind: 'tar', stream } }), words, name);
        await shop.builder.settled();
        assert.deepEqual(readdirSync(join(small, 'build/work')), []);
      }
      const { bavail, bsize } = statfsSync(small);
      assert.ok(bavail * bsize > 20 << 20, 'the space is there again');
      await shop.close();
    } finally {
      execFileSync('umount', [small]);
      rmSync(bombs, { recursive: true });
    }
  });

  it('an archive of too many files is refused', async () => {
    const shop = await openWorkshop({
      rootPath: folder,
      contextLimits: { entries: 1000, bytes: 1 << 20 },
    });
    const files = Object.fromEntries(Array.from({ length: 1100 }, (_, n) => [`f${n}`, '']));
    await assert.rejects(shop.build('FROM busybox\nCOPY . /\n', { files }), /too many files/);
    await shop.close();
  });

  it('a hostile context leads nowhere outside', async () => {
    const shop = await openWorkshop({ rootPath: folder });
    const hostile: [what: string, files: Parameters<typeof tarOf>[0]][] = [
      ['dots', { '../../../../../tmp/berth-build-escape': 'x' }],
      ['a link and a file behind it', { link: '->/tmp', 'link/berth-build-escape': 'x' }],
    ];
    // Through a link of the context, of a named context, of a stage; to and from.
    const files = { 'out/passwd': '->/etc/passwd', up: '->../../../../../../../etc', f: 'x' };
    const sources: [what: string, dockerfile: string][] = [
      ['context', 'FROM busybox\nCOPY out/passwd /x\n'],
      ['folder of the context', 'FROM busybox\nCOPY up/shadow /x\n'],
      ['named context', 'FROM busybox\nCOPY --from=named up/shadow /x\n'],
      ['stage', 'FROM busybox AS s\nCOPY up /up\nFROM busybox\nCOPY --from=s /up/shadow /x\n'],
      ['mount', 'FROM busybox\nRUN --mount=type=bind,source=up,target=/m cat /m/shadow\n'],
    ];
    for (const [what, dockerfile] of sources) {
      const named = { kind: 'tar', stream: tarOf(files) } as const;
      const building = shop.build(dockerfile, { files, contexts: { named } });
      await assert.rejects(building, /not found|no such file/i, what);
    }
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
