import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mountsBelow, openWorkshop, type Workshop } from './workshop.ts';

describe('builds on overlayfs and runc', () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
    await shop.addBusybox();
  });
  after(async () => {
    await shop.close();
    assert.deepEqual(mountsBelow(shop.rootPath), [], 'nothing stays mounted');
    assert.deepEqual(readdirSync(join(shop.rootPath, 'build/work')), []);
    assert.deepEqual(readdirSync(join(shop.rootPath, 'run/steps')), []);
    rmSync(shop.rootPath, { recursive: true });
  });

  it('runs every kind of step', async () => {
    const { imageId, output } = await shop.build(
      `FROM busybox
ARG WHO=world
ENV GREETING="hello $WHO"
WORKDIR /app
COPY --chown=app:staff --chmod=u=rwX,go=rX . .
RUN echo "$GREETING from $(pwd) as $(id -u)" && echo made > made
USER app
RUN id -un; id -gn; cat /app/file
CMD ["sh", "-c", "cat /app/made"]
`,
      { files: { file: 'content\n', 'sub/deep': 'deep', link: '->file' } },
    );
    assert.equal(output, 'hello world from /app as 0\napp\nusers\ncontent\n');
    await using view = await shop.open(imageId);
    const at = (path: string) => join(view.rootPath, path);
    assert.equal(readFileSync(at('app/made'), 'utf8'), 'made\n');
    assert.equal(readlinkSync(at('app/link')), 'file');
    const { mode, uid, gid } = lstatSync(at('app/sub/deep'));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o644, 1000, 50]);
    const names = readdirSync(view.rootPath).sort();
    assert.deepEqual(names, ['app', 'bin', 'etc', 'root', 'tmp'], 'no dev, proc or sys');
    assert.deepEqual(readdirSync(at('etc')).sort(), ['group', 'passwd']);
    const config = await shop.config(imageId);
    assert.equal(config.rootfs.diff_ids.length, 5);
    assert.equal(config.config?.User, 'app');
  });

  it('hits the cache across restarts', async () => {
    const dockerfile = 'FROM busybox\nCOPY a /a\nRUN echo x > /b && sleep 0.01\n';
    const first = await shop.build(dockerfile, { files: { a: '1' } });
    await shop.close();
    shop = await openWorkshop({ rootPath: shop.rootPath });
    const again = await shop.build(dockerfile, { files: { a: '1' } });
    assert.equal(again.imageId, first.imageId);
    assert.deepEqual(Object.values(again.outcomes), ['done', 'cached', 'cached']);
  });

  it('takes a RUN that did the same again for the same', async () => {
    const dockerfile = (salt: string) => `FROM busybox AS made
RUN echo ${salt} >/dev/null && mkdir /out && echo same > /out/f
FROM busybox
COPY --from=made /out /out
RUN cat /out/f > /copy
`;
    await shop.build(dockerfile('1'));
    const { outcomes } = await shop.build(dockerfile('2'));
    assert.deepEqual(outcomes, {
      'FROM busybox AS made': 'done',
      'RUN echo 2 >/dev/null && mkdir /out && echo same > /out/f': 'done',
      'FROM busybox': 'done',
      'COPY --from=made /out /out': 'cached',
      'RUN cat /out/f > /copy': 'cached',
    });
    const run = (salt: string) => `FROM busybox
ENV SALT=${salt}
RUN echo same > /f
ENV SALT=
RUN cat /f > /g
`;
    await shop.build(run('1'));
    const second = await shop.build(run('2'));
    assert.equal(second.outcomes['RUN echo same > /f'], 'done');
    assert.equal(second.outcomes['RUN cat /f > /g'], 'cached', 'the content below it is the same');
  });

  it('mounts of a RUN are there, and leave nothing', async () => {
    const { imageId, output } = await shop.build(
      `FROM busybox AS tools
RUN mkdir /t && echo tool > /t/x
FROM busybox
RUN --mount=type=bind,source=ctx,target=/new/ctx \\
    --mount=type=bind,from=tools,source=/t,target=/t \\
    --mount=type=cache,target=/var/cache/c,mode=0700 \\
    --mount=type=tmpfs,target=/scratch,size=1m \\
    --mount=type=secret,id=s,target=/run/secret,mode=0440 \\
    --mount=type=secret,id=s,env=S \\
    cat /new/ctx/f /t/x /run/secret && echo "[$S]" && stat -c %a /var/cache/c /run/secret && \\
    (touch /new/ctx/g 2>/dev/null || echo read-only) && echo kept > /var/cache/c/k && touch /scratch/x
RUN --mount=type=cache,target=/var/cache/c,mode=0700 cat /var/cache/c/k && ls /new /t /run 2>&1 | head -9
`,
      { files: { 'ctx/f': 'context\n' }, secrets: { s: Buffer.from('secret\n') } },
    );
    assert.match(output, /^context\ntool\nsecret\n\[secret\n?\]\n700\n440\n/);
    assert.match(output, /^read-only$/m);
    assert.match(output, /^kept$/m);
    assert.match(output, /ls: \/new: No such file or directory/);
    await using view = await shop.open(imageId);
    const names = readdirSync(view.rootPath).sort();
    assert.deepEqual(
      names,
      ['bin', 'etc', 'root', 'tmp', 'var'].filter((name) => names.includes(name)),
    );
    assert.equal(names.includes('scratch'), false);
    assert.equal(JSON.stringify(await shop.config(imageId)).includes('secret\\n'), false);
  });

  it('fails with the code and the last lines', async () => {
    await assert.rejects(shop.build('FROM busybox\nRUN echo before; exit 42\n'), (error: Error) => {
      const { details } = error as unknown as { details: Record<string, unknown> };
      assert.equal(details.exitCode, 42);
      assert.deepEqual(details.lastOutput, ['before']);
      return true;
    });
  });

  it('says when a step ran out of memory', async () => {
    await assert.rejects(
      shop.build('FROM busybox\nRUN dd if=/dev/zero of=/dev/null bs=200M count=1\n', {
        limits: { memoryBytes: 20 << 20, memorySwapBytes: 20 << 20 },
      }),
      /exit code: 137: out of memory \(limit 20971520 bytes\)/,
    );
  });

  it('stops at once when it is canceled', async () => {
    const controller = new AbortController();
    const build = shop.build('FROM busybox\nRUN echo started; sleep 1000\n', {
      signal: controller.signal,
      onEvent: (event) => event.kind === 'step-output' && controller.abort(),
    });
    await assert.rejects(build, { kind: 'canceled' });
    assert.deepEqual(readdirSync(join(shop.rootPath, 'run/steps')), []);
  });

  it('stays in the image, whatever its links say', async () => {
    await shop.build(
      'FROM busybox\nRUN ln -s /../../../../etc /escape && ln -s ../../../../../tmp /up\n',
      {
        tag: 'tricky',
      },
    );
    const { imageId } = await shop.build(
      'FROM tricky\nCOPY f /escape/berth-escape\nCOPY f /up/berth-escape\nWORKDIR /escape/berth-dir\n',
      { files: { f: 'x' } },
    );
    await using view = await shop.open(imageId);
    assert.equal(readFileSync(join(view.rootPath, 'etc/berth-escape'), 'utf8'), 'x');
    assert.equal(readFileSync(join(view.rootPath, 'tmp/berth-escape'), 'utf8'), 'x');
    assert.equal(lstatSync(join(view.rootPath, 'etc/berth-dir')).isDirectory(), true);
    assert.throws(() => lstatSync('/etc/berth-escape'), { code: 'ENOENT' });
    assert.throws(() => lstatSync('/tmp/berth-escape'), { code: 'ENOENT' });
    await assert.rejects(
      shop.build('FROM busybox\nCOPY out /x\n', { files: { out: '->../../../../../etc/passwd' } }),
      /"\/out": not found/,
    );
  });

  it('gives the same image from the same inputs, twice, on two machines', async () => {
    const other = await openWorkshop();
    await other.addBusybox();
    const dockerfile = `FROM busybox
WORKDIR /w
COPY . .
COPY --link a /linked/
RUN mkdir -p d/e && echo x > d/e/f && touch /root/y && mv a b && rm -r c
`;
    const build = (on: Workshop, mtimeS: number) =>
      on.build(dockerfile, {
        files: { a: { content: 'a', mtimeS }, 'c/d': { content: 'c', mtimeS } },
        buildArgs: { SOURCE_DATE_EPOCH: '1700000001' },
        noCache: true,
      });
    const first = await build(shop, 1_600_000_000);
    const second = await build(other, 1_650_000_000);
    assert.equal(second.imageId, first.imageId);
    const config = await other.config(second.imageId);
    assert.equal(config.created, '2023-11-14T22:13:21Z');
    await other.destroy();
  });

  it('builds a thousand steps, each at the price of one', async () => {
    const lines = Array.from({ length: 150 }, (_, n) => `COPY f /f${n}\nENV E${n}=${n}\n`);
    const { imageId } = await shop.build(
      `FROM busybox\n${lines.join('')}RUN ls -d /f* | wc -l > /n\n`,
      {
        files: { f: 'x' },
      },
    );
    await using view = await shop.open(imageId);
    assert.equal(readFileSync(join(view.rootPath, 'n'), 'utf8').trim(), '150');
  });

  it('keeps a failed step for a shell in it', async () => {
    let kept: import('../../../src/build/index.ts').FailedStep | undefined;
    await assert.rejects(
      shop.build('FROM busybox\nENV A=b\nRUN echo half > /half; false\n', { keepFailedStep: true }),
      (error: unknown) => {
        kept = (error as import('../../../src/build/index.ts').StepFailure).details.kept;
        return true;
      },
    );
    assert.equal(readFileSync(join(kept!.request.rootPath, 'half'), 'utf8'), 'half\n');
    assert.ok(kept!.request.env.includes('A=b'));
    await kept![Symbol.asyncDispose]();
    assert.equal(mountsBelow(join(shop.rootPath, 'snapshots')).length, 0);
  });
});
