import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lintDockerfile, shellcheckScripts } from '../../dockerfile/lint/index.ts';
import { lintFiles } from './lint-files.ts';
import { shellcheckRunner } from './run-shellcheck.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-shellcheck-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers as `shellcheck` would, one remark about the last script it is given. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('the scripts ShellCheck gets', () => {
  const scripts = (text: string) => shellcheckScripts(lintDockerfile(text)).map((s) => s.text);
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY']
    .flatMap((name) => [name, name.toLowerCase()])
    .map((name) => `export ${name}=1\n`)
    .join('');
  const cases: [title: string, text: string, expected: string[]][] = [
    ['the default shell', 'FROM a\nRUN x\n', ['#!/bin/sh\n…x\n']],
    ['another', 'FROM a\nSHELL ["/bin/bash", "-c"]\nRUN x\n', ['#!/bin/bash\n…x\n']],
    [
      "the parent's",
      'FROM a AS b\nSHELL ["/bin/ash", "-c"]\nFROM b\nRUN x\n',
      ['#!/bin/ash\n…x\n'],
    ],
    ['none for others', 'FROM a\nSHELL ["pwsh"]\nRUN x\n# hadolint shell=cmd\nRUN y\n', []],
    [
      'variables that are set',
      'FROM a AS b\nARG zero\nENV one=1\nFROM b\nARG two three\nENV four=4\nRUN echo $five\nENV six=6\n',
      ['#!/bin/sh\n…export two=1\nexport three=1\nexport four=1\nexport one=1\necho $five\n'],
    ],
    [
      'of very many only those that are named',
      `FROM a\nENV ${Array.from({ length: 201 }, (_, n) => `v${n}=1`).join(' ')}\nRUN echo $v7\n`,
      ['#!/bin/sh\n…export v7=1\necho $v7\n'],
    ],
    [
      'directives above the RUN and inside it',
      'FROM a\n# shellcheck disable=SC1 # why\n\n# shellcheck is good\n# shellcheck shell=bash\nRUN x \\\n  # shellcheck enable=all\n  y\nRUN z\n',
      [
        '#!/bin/sh\n# shellcheck disable=SC1\n# shellcheck shell=bash\n# shellcheck enable=all\n…x   y\n',
        '#!/bin/sh\n…z\n',
      ],
    ],
    [
      'here-documents that the line names',
      'FROM a\nRUN cat <<A >/x && y <<-B\na\nA\n\tb\n\tB\n',
      ['#!/bin/sh\n…cat <<A >/x && y <<-B\na\nA\n\tb\n\tB\n'],
    ],
    [
      'and those another shell reads',
      'FROM a\nRUN <<E /bin/bash -e\nx\nE\nRUN ksh <<E\ny\nE\nRUN zsh <<E\nz\nE\n',
      [
        '#!/bin/sh\n…<<E /bin/bash -e\nx\nE\n',
        '#!/bin/bash\n…x\n\n',
        '#!/bin/sh\n…ksh <<E\ny\nE\n',
        '#!/bin/ksh\n…y\n\n',
        '#!/bin/sh\n…zsh <<E\nz\nE\n',
      ],
    ],
    [
      'no name that would be code',
      'FROM a\nENV a-b=1 ";x"=2\nRUN a-b x\n',
      ['#!/bin/sh\n…a-b x\n'],
    ],
    [
      'here-documents',
      'FROM a\nRUN <<EOF\n#!/bin/bash\nx\nEOF\n',
      ['#!/bin/bash\n…# /bin/bash\nx\n\n'],
    ],
    ['not of other interpreters', 'FROM a\nRUN <<EOF\n#!/usr/bin/python3\nx\nEOF\n', []],
    [
      'exec form only behind -c',
      'FROM a\nRUN ["a", "b"]\nRUN ["/bin/bash", "-c", "x"]\n',
      ['#!/bin/bash\n…x\n'],
    ],
    ['triggers', 'FROM a\nONBUILD RUN x\n', ['#!/bin/sh\n…x\n']],
  ];
  for (const [title, text, expected] of cases) {
    test(title, () =>
      assert.deepEqual(
        scripts(text).map((script) => script.replace(proxies, '…')),
        expected,
      ),
    );
  }
});

test('remarks are mapped back to lines and columns, and can be silenced', async () => {
  const text =
    'FROM a:1\nENV v=1\nRUN x && \\\n  # note\n  \u{1f600} echo "$v" $v\n# hadolint ignore=SC2086\nRUN echo && echo $v\n';
  const answer = JSON.stringify({
    comments: [
      {
        file: '0.sh',
        line: 11,
        endLine: 11,
        column: 20,
        endColumn: 22,
        level: 'info',
        code: 2086,
        message: 'quote',
      },
      {
        file: '1.sh',
        line: 11,
        endLine: 11,
        column: 14,
        endColumn: 16,
        level: 'info',
        code: 2086,
        message: 'quote',
      },
      {
        file: '9.sh',
        line: 99,
        endLine: 99,
        column: 99,
        endColumn: 99,
        level: 'odd',
        code: 1,
        message: '',
      },
    ],
  });
  const shellcheck = shellcheckRunner({
    program: program('once', `cat <<'E'\n${answer}\nE\nexit 1`),
  });
  const { reports } = await lintFiles([{ name: 'D', text }], {
    options: {},
    shellcheck,
    buildChecks: false,
  });
  const found = reports[0]!.findings.filter(({ code }) => code.startsWith('SC'));
  assert.equal(found.length, 1);
  const [{ line, column, range }] = found as [(typeof found)[0]];
  assert.deepEqual([line, column], [5, 16]);
  assert.equal(text.slice(range.start.offset, range.end.offset), '$v');
});

test('without ShellCheck nothing fails', async () => {
  const { reports, lacksShellcheck } = await lintFiles([{ name: 'D', text: 'FROM a:1\nRUN x\n' }], {
    options: {},
    shellcheck: shellcheckRunner({ program: join(folder, 'missing') }),
    buildChecks: false,
  });
  assert.deepEqual([reports[0]!.findings, lacksShellcheck], [[], true]);
});

test('scripts that are too much for it are left out, and only they', async () => {
  // Ends as one that took too long does, whenever it is asked about a certain script.
  const slow = program(
    'slow',
    `shift 3; grep -q hang "$@" && kill -KILL $$
printf '{"comments":[{"file":"%s","line":1,"code":1}]}' "$1"`,
  );
  const shellcheck = shellcheckRunner({ program: slow });
  const scripts = ['a', 'b', 'hang', 'a', 'd', '('.repeat(1000), 'x'.repeat(100_000)];
  const answers = await shellcheck(scripts);
  const given = answers?.map((answer) => answer !== undefined);
  assert.deepEqual(given, [true, true, false, true, true, false, false]);
});

test('a ShellCheck that breaks is an error', async () => {
  await assert.rejects(shellcheckRunner({ program: program('bad', 'echo no; exit 0') })(['x']), {
    message: 'run shellcheck: it gave no JSON',
  });
  await assert.rejects(
    shellcheckRunner({ program: program('worse', 'echo why >&2; exit 3') })(['x']),
    {
      message: 'run shellcheck: exit code 3: why',
    },
  );
});
