import type { Rule } from '../rule.ts';

export const dl4006: Rule = {
  code: 'DL4006',
  severity: 'warning',
  title:
    'A failure before the last `|` goes unnoticed: use SHELL with `-o pipefail` before this RUN',
  unfixable: 'a build that passes may fail with it',
  documentation: `A pipeline succeeds when its last command does, so \`wget … | tar x\` builds an image without the
files when the download fails. \`SHELL ["/bin/bash", "-o", "pipefail", "-c"]\` makes any failure count;
Alpine's \`/bin/ash\` takes the same option. It holds for stages built from this one too. \`set -o pipefail\`
in the script does as well where the shell is known to understand it.`,
  bad: [
    'FROM debian:12\nRUN wget -qO- https://example.com/x | tar x\n',
    'FROM debian:12\nRUN set -o pipefail && a | b\n',
    'FROM debian:12\nRUN <<EOF bash\na | b\nEOF\n',
  ],
  good: [
    'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN wget -qO- https://example.com/x | tar x\n',
    'FROM debian:12 AS base\nSHELL ["/bin/ash", "-eo", "pipefail", "-c"]\nFROM base\nRUN a | b\n',
    'FROM debian:12\nRUN a || b\n',
    'FROM debian:12\nRUN <<EOF\n#!/bin/bash\nset -euo pipefail\na | b\nEOF\n',
    'FROM debian:12\nRUN <<EOF bash -o pipefail\na | b\nEOF\n',
    'FROM windows:1\nSHELL ["pwsh", "-c"]\nRUN a | b\n',
  ],
  run({ run, place }, report) {
    if (run.pipes > 0 && run.shell.isPosix) report(place);
  },
};
