import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'berth-lint-exit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const main = join(import.meta.dirname, '../main.ts');
writeFileSync(join(folder, 'good'), 'FROM debian:12\n');
writeFileSync(join(folder, 'warned'), 'FROM debian\n');
writeFileSync(join(folder, 'broken'), 'FROM debian:12\nRUNN\n');
writeFileSync(join(folder, 'bytes'), Buffer.from([0xff, 0, 0xc3, 0x28, 0x1b]));
writeFileSync(join(folder, 'config.yaml'), 'ignored: [DL3006]\n');
writeFileSync(join(folder, 'wrong.yaml'), 'no-fail: perhaps\n');
mkdirSync(join(folder, 'empty'));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function lint(args: string, input = ''): Promise<Result> {
  const words = ['lint', '--no-base-images', '--no-shellcheck', ...args.split(' ')];
  const env = { PATH: process.env.PATH, HOME: folder, HADOLINT_FAILURE_THRESHOLD: 'info' };
  return new Promise((resolve) => {
    const options = { cwd: folder, env };
    const child = execFile(process.execPath, [main, ...words], options, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

describe('exit codes of berth lint', () => {
  const cases: [args: string, code: number, output: RegExp, input?: string][] = [
    ['good', 0, /^$/],
    ['warned', 1, /^warned:1 DL3006 warning: /],
    ['broken', 1, /^broken:2:1 DL1000 error: /],
    ['bytes', 1, /^bytes:1:1 DL1000 error: unknown instruction/],
    ['-', 1, /^-:1 DL3006/, 'FROM debian\n'],
    ['warned --no-fail', 0, /DL3006/],
    ['broken -f codeclimate', 0, /DL1000.*\0$/],
    ['missing', 1, /^berth: lint missing: no such file or folder/],
    ['empty', 125, /^berth: lint empty: found no Dockerfile/],
    ['good -c wrong.yaml', 125, /^berth: read configuration wrong.yaml: no-fail should be/],
    ['good --bogus', 125, /unknown option '--bogus'\nSee "berth lint --help"\.$/m],
    ['/dev/zero', 125, /^berth: read \/dev\/zero: larger than 64 MiB/],
  ];
  test('all of them', async () => {
    const results = await Promise.all(cases.map(([args, , , input]) => lint(args, input)));
    for (const [index, [args, code, output]] of cases.entries()) {
      const { stdout, stderr, code: given } = results[index]!;
      assert.equal(given, code, `${args}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, output, args);
    }
  });
});
