import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lintFiles } from './lint-files.ts';
import { shellcheckRunner } from './run-shellcheck.ts';

/** With the ShellCheck that is installed: its remarks as `line:column code`, in one run for all. */
async function remarks(texts: readonly string[]): Promise<string[][]> {
  const inputs = texts.map((text, index) => ({ name: `${index}`, text }));
  const shellcheck = shellcheckRunner();
  const { reports } = await lintFiles(inputs, { options: {}, shellcheck, buildChecks: false });
  return reports.map(({ findings }) =>
    findings
      .filter(({ code }) => code.startsWith('SC'))
      .map(({ line, column, code }) => `${line}:${column} ${code}`),
  );
}

function table(title: string, cases: readonly [name: string, text: string, string[]][]): void {
  describe(title, async () => {
    const found = await remarks(cases.map(([, text]) => text));
    for (const [index, [name, , expected]] of cases.entries()) {
      test(name, () => assert.deepEqual(found[index], expected));
    }
  });
}

table('what ShellCheck says of RUN, and where', [
  ['a variable without quotes', 'RUN echo $x1\n', ['1:10 SC2086', '1:10 SC2154']],
  ['a sound script', 'RUN echo yes\n', []],
  ['in a trigger', 'FROM a\nONBUILD RUN echo $X\n', ['2:18 SC2086']],
  [
    'proxy variables are set',
    'RUN echo "$HTTP_PROXY$http_proxy$HTTPS_PROXY$https_proxy$FTP_PROXY$ftp_proxy$NO_PROXY$no_proxy"\n',
    [],
  ],
  ['what is nearly one of them', 'RUN echo "$RTTP_PROXY"\n', ['1:11 SC2153']],
  ['ARG and ENV are set', 'ARG a=b\nARG c\nENV d=1 e=2\nRUN echo "$a$c$d$e"\n', []],
  ['until FROM', 'ARG a=b\nENV b=1\nFROM x\nRUN echo "$a"\n', ['4:11 SC2154']],
  ['sh unless told otherwise', 'RUN echo "$RANDOM"\n', ['1:11 SC3028']],
  ['bash', 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN echo "$RANDOM"\n', []],
  ['sh again after FROM', 'SHELL ["/bin/bash"]\nFROM x\nRUN echo "$RANDOM"\n', ['3:11 SC3028']],
  ["the parent stage's", 'FROM x AS y\nSHELL ["/bin/bash"]\nFROM y\nRUN echo "$RANDOM"\n', []],
  ['ash', 'SHELL ["/bin/ash", "-o", "pipefail", "-c"]\nRUN echo yes\n', []],
  ['PowerShell', 'SHELL ["pwsh", "-c"]\nRUN Get-Variable $x | Select-Object Value\n', []],
  ['cmd', 'SHELL ["cmd.exe", "/c"]\nRUN echo $x | y\n', []],
  [
    'PowerShell by its path',
    'SHELL ["C:\\\\Windows\\\\v1.0\\\\powershell.exe", "-noprofile"]\nRUN echo $x\n',
    [],
  ],
  ['a pragma', 'FROM x\n# hadolint shell = powershell.exe\nRUN echo $x\n', []],
  ['a pragma for the file', '# hadolint shell=pwsh\nFROM x\nRUN y $x\nFROM x\nRUN y $x\n', []],
  [
    'continuations, comments and empty lines between',
    'FROM x\nRUN a && \\\n  # note $x\n\n  b "$HOME" \\\n  # more \\\n\tc $X; \\\n d $Y\n',
    ['7:4 SC2086', '8:4 SC2086'],
  ],
  ['Windows line ends', 'FROM x\r\nRUN a \\\r\n  b $X\r\n', ['3:5 SC2086']],
  ['letters of two units', 'FROM x\nRUN echo "\u{1f600}" $X\n', ['2:15 SC2086']],
  ['here-documents', 'FROM x\nRUN <<E\na\nb $X\nE\n', ['4:3 SC2086']],
  ['with tabs', 'FROM x\nRUN <<-E\n\ta\n\tb $X\n\tE\n', ['4:4 SC2086']],
  ['their own shell', 'FROM x\nRUN <<E\n#!/bin/bash\nb "$RANDOM" $X\nE\n', ['4:13 SC2086']],
  ['another interpreter', 'FROM x\nRUN <<E\n#!/usr/bin/env python3\nb $X\nE\n', []],
  ['what only feeds a command', 'FROM x\nRUN cat <<E >/x && a $X\nb $Y\nE\n', ['2:22 SC2086']],
  ['what a shell reads', "FROM x\nRUN bash <<'E'\na $X\nE\n", ['3:3 SC2086']],
  ['exec form', 'FROM x\nRUN ["bash", "-c", "a $X"]\n', ['2:23 SC2086']],
  [
    'a directive above',
    'FROM x\n# shellcheck disable=SC2086\nRUN a $X\nRUN a $X\n',
    ['4:7 SC2086'],
  ],
  ['a directive inside', 'FROM x\nRUN a; \\\n # shellcheck disable=SC2086\n b $X\n', []],
  [
    'in a here-document',
    'FROM x\nRUN <<E\na $X\n# shellcheck disable=SC2086\nb $X\nE\n',
    ['3:3 SC2086'],
  ],
  ['pragmas', 'FROM x\n# hadolint ignore=SC2086\nRUN a $X\nRUN a $X\n', ['4:7 SC2086']],
  [
    'what cannot be parsed',
    'FROM x\nRUN if a; then\nRUN b\n',
    ['2:1 SC1072', '2:5 SC1009', '2:11 SC1073'],
  ],
]);
