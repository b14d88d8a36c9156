import type { Rule } from '../rule.ts';

export const bl1002: Rule = {
  code: 'BL1002',
  severity: 'error',
  hasExactPlace: true,
  title: 'A secret stands in the Dockerfile',
  unfixable: 'the secret has to be revoked and passed in another way',
  documentation: `This has the form of an access key, a token, a private key or an address with a password. It is in
the file, in the image and in the build's cache. Revoke it, and pass the new one with
\`RUN --mount=type=secret\`. The rule goes by values, whatever the variable is called.`,
  bad: [
    'FROM debian:12\nENV KEY=AKIAIOSFODNN7EXAMPLF\n',
    'FROM debian:12\nRUN git clone https://ann:hunter2@example.com/x.git\n',
    'FROM debian:12\nRUN <<EOF\necho "-----BEGIN RSA PRIVATE KEY-----" > /key\nEOF\n',
  ],
  good: [
    'FROM debian:12\nRUN git clone https://ann:$PASSWORD@example.com/x.git\nENV KEY=$KEY ID=AKIA\n',
    'FROM debian:12\nENV A=postgres://app:changeme@db/x B=amqp://guest:guest@mq ID=AKIAIOSFODNN7EXAMPLE\n',
  ],
  file({ file }, report) {
    const { text } = file.dockerfile.source;
    for (const instruction of file.dockerfile.instructions) {
      const { start, end } = instruction.range;
      for (const match of text.slice(start.offset, end.offset).matchAll(secret)) {
        const [found] = match;
        const what = forms.find(({ name }) => match.groups?.[name] !== undefined);
        if (!what || isPlaceholder(found, what.name)) continue;
        const at = start.offset + match.index;
        report(instruction, {
          focus: { start: at, end: at + found.length },
          message: `${what.title} stands in the Dockerfile: ${masked(found, what.name)}`,
        });
      }
    }
  },
};

/** Each begins with fixed text or is bounded, so a search is linear. */
const forms: readonly { name: string; title: string; form: string }[] = [
  { name: 'aws', title: 'An AWS access key', form: String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b` },
  {
    name: 'github',
    title: 'A GitHub token',
    form: String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})`,
  },
  { name: 'gitlab', title: 'A GitLab token', form: String.raw`\bglpat-[A-Za-z0-9_-]{20}` },
  { name: 'slack', title: 'A Slack token', form: String.raw`\bxox[abprs]-[A-Za-z0-9-]{20}` },
  { name: 'stripe', title: 'A Stripe key', form: String.raw`\b[sr]k_live_[A-Za-z0-9]{20}` },
  { name: 'google', title: 'A Google API key', form: String.raw`\bAIza[A-Za-z0-9_-]{35}` },
  { name: 'npm', title: 'An npm token', form: String.raw`\bnpm_[A-Za-z0-9]{36}` },
  { name: 'pypi', title: 'A PyPI token', form: String.raw`\bpypi-AgEI[A-Za-z0-9_-]{30}` },
  { name: 'docker', title: 'A Docker Hub token', form: String.raw`\bdckr_pat_[A-Za-z0-9_-]{20}` },
  { name: 'huggingface', title: 'A Hugging Face token', form: String.raw`\bhf_[A-Za-z0-9]{30}` },
  { name: 'key', title: 'A private key', form: '-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----' },
  {
    name: 'address',
    title: 'An address with a password',
    form: String.raw`:\/\/[^\s/:@$"']{1,100}:[^\s/@$"'{}<>]{1,100}@[\w.-]`,
  },
];

const secret = new RegExp(forms.map(({ name, form }) => `(?<${name}>${form})`).join('|'), 'g');

/** What people write where a password is to be put. */
const placeholders =
  /^(?:pass(?:word)?|passwd|pw|pwd|secret|token|change_?me|example|x+|\*+|\.+|your[-_].*|my[-_].*|%.*)$/i;

function isPlaceholder(found: string, name: string): boolean {
  if (name !== 'address') return /(.)\1{11}|EXAMPLE$/.test(found);
  const [user = '', password = ''] = found.slice('://'.length, -2).split(':');
  return user === password || placeholders.test(password);
}

/** Enough to find it by, and no more. */
function masked(found: string, name: string): string {
  if (name === 'key') return found;
  if (name === 'address') return `${found.slice(0, found.indexOf(':', 3))}:***@…`;
  return `${found.slice(0, 8)}***`;
}
