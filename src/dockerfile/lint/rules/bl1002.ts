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
    'FROM debian:12\nENV KEY=AKIAIOSFODNN7EXAMPLE\n',
    'FROM debian:12\nRUN git clone https://ann:hunter2@example.com/x.git\n',
    'FROM debian:12\nRUN <<EOF\necho "-----BEGIN RSA PRIVATE KEY-----" > /key\nEOF\n',
  ],
  good: [
    'FROM debian:12\nRUN git clone https://ann:$PASSWORD@example.com/x.git\nENV KEY=$KEY ID=AKIA\n',
  ],
  file({ file }, report) {
    const { text } = file.dockerfile.source;
    for (const instruction of file.dockerfile.instructions) {
      const { start, end } = instruction.range;
      for (const match of text.slice(start.offset, end.offset).matchAll(secret)) {
        const at = start.offset + match.index;
        report(instruction, { focus: { start: at, end: at + match[0].length } });
      }
    }
  },
};

/** Each alternative begins with fixed text or is bounded, so a search is linear. */
const secret = new RegExp(
  [
    String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`,
    String.raw`\bgh[pousr]_[A-Za-z0-9]{36}`,
    String.raw`\bgithub_pat_[A-Za-z0-9_]{40}`,
    String.raw`\bglpat-[A-Za-z0-9_-]{20}`,
    String.raw`\bxox[abprs]-[A-Za-z0-9-]{20}`,
    String.raw`\bsk_live_[A-Za-z0-9]{20}`,
    String.raw`\bAIza[A-Za-z0-9_-]{35}`,
    String.raw`\bnpm_[A-Za-z0-9]{36}`,
    String.raw`\bpypi-AgEI[A-Za-z0-9_-]{30}`,
    String.raw`\bdckr_pat_[A-Za-z0-9_-]{20}`,
    String.raw`\bhf_[A-Za-z0-9]{30}`,
    '-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----',
    String.raw`:\/\/[^\s/:@$"']{1,100}:[^\s/@$"'{}<>]{1,100}@[\w.-]`,
  ].join('|'),
  'g',
);
