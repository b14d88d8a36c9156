import { type Rule, replacement } from '../rule.ts';
import { isArchive } from './archives.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3020: Rule = {
  code: 'DL3020',
  severity: 'error',
  title: 'Use COPY for files and folders; ADD is for archives and addresses',
  documentation: `ADD fetches addresses and unpacks archives. Where neither is wanted, COPY says so, and a file
that one day happens to be an archive is not unpacked by surprise.`,
  bad: ['FROM debian:12\nADD app /app\n', 'FROM debian:12\nADD ["my app", "/app"]\n'],
  good: [
    'FROM debian:12\nCOPY app /app\n',
    'FROM debian:12\nADD app.tar.gz /app\n',
    'FROM debian:12\nADD https://example.com/x /x\n',
    'FROM debian:12\nADD https://example.com/x.git#v1 /x\n',
  ],
  on: {
    add({ instruction, place }, report) {
      const { sources, keyword, flags } = instruction;
      const texts = sources.map(({ text }) => withoutQuotes(text));
      if (texts.every((text) => isArchive(text) || isAddress(text))) return;
      const isSafe =
        texts.every((text) => !text.includes('$') && !isArchive(text) && !isAddress(text)) &&
        flags.every(({ name }) => !['checksum', 'keep-git-dir', 'unpack'].includes(name)) &&
        texts.every((text) => !/[*?[]/.test(text));
      const copy = keyword.text === 'add' ? 'copy' : 'COPY';
      report(place, { fix: isSafe ? [replacement(keyword.range, copy)] : undefined });
    },
  },
};

function isAddress(text: string): boolean {
  return /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@[^/]+:)/.test(text);
}
