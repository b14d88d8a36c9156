import { invalid } from '../../core/index.ts';
import { allChecks, nearest } from '../../dockerfile/index.ts';
import { allRules, hasCheckFix, type Rule } from '../../dockerfile/lint/index.ts';

/** All rules, one a line: code, severity and what is reported; `fix` where there is one. */
export function ruleList(): string {
  const rules = allRules.map(({ code, severity, title, offByDefault, unfixable }) => [
    code,
    offByDefault ? 'off' : severity,
    unfixable ? '' : 'fix',
    title,
  ]);
  const checks = allChecks.map(({ name, description }) => {
    return [name, 'warning', hasCheckFix(name) ? 'fix' : '', description.replaceAll('\n', ' ')];
  });
  const lines = [...rules, ...checks];
  const width = Math.max(...lines.map(([code = '']) => code.length));
  return lines
    .map(([code = '', severity = '', fix = '', title = '']) => {
      return `${code.padEnd(width)} ${severity.padEnd(7)} ${fix.padEnd(3)} ${title}\n`;
    })
    .join('');
}

type Example = Rule['bad'][number];

/** The documentation of a rule, in markdown. Throws `invalid` on a code that is none. */
export function explainRule(code: string): string {
  const rule = allRules.find((known) => known.code === code.toUpperCase());
  if (rule) return ruleText(rule);
  const check = allChecks.find(({ name }) => name.toLowerCase() === code.toLowerCase());
  if (check) return `# ${check.name} (warning)\n\n${check.description}\n`;
  if (/^SC\d{4}$/i.test(code)) {
    return `# ${code.toUpperCase()}\n\nA rule of ShellCheck: https://www.shellcheck.net/wiki/${code.toUpperCase()}\n`;
  }
  const near = nearest(
    code.toUpperCase(),
    allRules.map((known) => known.code),
  );
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw invalid(`explain ${JSON.stringify(code)}: no such rule${hint}`);
}

function ruleText({ code, severity, title, documentation, bad, good, ...rule }: Rule): string {
  const off = rule.offByDefault ? ', off by default' : '';
  return [
    `# ${code}: ${title} (${severity}${off})`,
    documentation,
    rule.unfixable
      ? `No automatic fix: ${rule.unfixable}.`
      : 'Put right by `--fix` where it is safe.',
    '## Reported',
    ...bad.map(block),
    '## Accepted',
    ...good.map(block),
  ]
    .join('\n\n')
    .concat('\n');
}

function block(example: Example): string {
  const text = typeof example === 'string' ? example : example.text;
  return `\`\`\`dockerfile\n${text}\`\`\``;
}
