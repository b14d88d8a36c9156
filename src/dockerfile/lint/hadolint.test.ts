import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { LabelType } from './label-value.ts';
import { lintDockerfile } from './lint-dockerfile.ts';
import type { LintOptions } from './lint-options.ts';
import { allRules } from './rules/all-rules.ts';

/** hadolint's severities; all other rules of its own are warnings. */
const severities: Readonly<Record<string, string>> = {
  off: 'DL1001 DL3057',
  error:
    'DL1000 DL3000 DL3004 DL3011 DL3012 DL3020 DL3021 DL3023 DL3024 DL3026 DL3043 DL3044 DL3061 DL4000 DL4004',
  info: 'DL3001 DL3009 DL3010 DL3015 DL3019 DL3047 DL3049 DL3050 DL3059 DL3060 DL3066',
  style: 'DL3048',
};

test("severities are hadolint's", () => {
  for (const { code, severity, offByDefault } of allRules) {
    if (!code.startsWith('DL')) continue;
    const found = Object.keys(severities).find((name) => severities[name]!.includes(code));
    assert.equal(offByDefault ? 'off' : severity, found ?? 'warning', code);
  }
});

const folder = join(import.meta.dirname, 'testdata/hadolint');

/** `== CODE labels=name:type registries=a,b strict` */
function parseHead(line: string): { code: string; options: Partial<LintOptions> } {
  const [code = '', ...words] = line.slice('== '.length).split(' ');
  const value = (name: string) =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [label, type] = value('labels')?.split(':') ?? [];
  const options = {
    // A rule that is off is switched on, as configuration does it.
    severities: new Map([[code, 'error' as const]]),
    labelSchema: new Map(label ? [[label, type as LabelType]] : []),
    trustedRegistries: value('registries')?.split(',') ?? [],
    strictLabels: words.includes('strict'),
  };
  return { code, options };
}

/** Without a number any count of findings above none will do. */
function check(text: string, head: ReturnType<typeof parseHead>, wanted: number | undefined): void {
  const { findings } = lintDockerfile(text, head.options);
  const { length } = findings.filter(({ code }) => code === head.code);
  if (wanted === undefined) assert.ok(length > 0, `silent on ${JSON.stringify(text)}`);
  else assert.equal(length, wanted, JSON.stringify(text));
}

for (const name of ['files', 'commands', 'pragmas']) {
  const lines = readFileSync(join(folder, `${name}.txt`), 'utf8').split('\n');
  let head = parseHead('== none');
  describe(`as hadolint: ${name}`, () => {
    for (const line of lines) {
      const match = /^(fires|quiet)(\*)?(?: (\d))? +(.*)$/.exec(line);
      if (line.startsWith('== ')) head = parseHead(line);
      if (!match) continue;
      const [, verdict, asTrigger, count, source = ''] = match;
      const own = head;
      const text = `${source.replaceAll('⏎', '\n')}\n`;
      const wanted = verdict === 'quiet' ? 0 : count === undefined ? undefined : Number(count);
      test(`${own.code} ${line}`, () => {
        check(text, own, wanted);
        if (asTrigger) check(text.replace(/^RUN /gm, 'ONBUILD RUN '), own, wanted);
      });
    }
  });
}
