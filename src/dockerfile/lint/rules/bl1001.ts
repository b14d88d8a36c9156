import type { AddInstruction, CopyInstruction } from '../../instruction.ts';
import type { InstructionVisit, Report, Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const bl1001: Rule = {
  code: 'BL1001',
  severity: 'warning',
  title: 'A file that usually holds secrets is copied into the image',
  unfixable: 'the step that needs the file has to be changed too',
  documentation: `\`.env\`, private keys, \`.npmrc\`, \`.netrc\` and the credentials of cloud tools stay readable in the
layer even when a later step deletes them. Mount them for the step that needs them:
\`RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\`.`,
  bad: [
    'FROM node:22\nCOPY .npmrc /root/\n',
    'FROM debian:12\nADD ["id_rsa", "/root/.ssh/"]\n',
    'FROM debian:12\nCOPY config/.env.production /app/\n',
  ],
  good: [
    'FROM node:22\nCOPY package.json .env.example id_rsa.pub signing-pub.key public.key /app/\n',
    'FROM node:22 AS a\nFROM node:22\nCOPY --from=a /app/.env /app/\n',
  ],
  on: { copy: reportSources, add: reportSources },
};

type CopyVisit = Pick<InstructionVisit, 'place'> & {
  readonly instruction: CopyInstruction | AddInstruction;
};

function reportSources({ instruction, place }: CopyVisit, report: Report): void {
  // What is in another stage or image was put there before.
  if (instruction.kind === 'copy' && instruction.from) return;
  for (const { text, range } of instruction.sources) {
    if (holdsSecrets(withoutQuotes(text))) report(place, { focus: range });
  }
}

const names =
  /^(?:\.env(?:\..+)?|id_(?:rsa|dsa|ecdsa|ed25519)(?:_.*)?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.htpasswd|\.pgpass|kubeconfig|.*[-_.]key\.pem|.*\.(?:key|p12|pfx|jks|keystore|kdbx)|service[-_]account.*\.json)$/;
const folders = /(?:^|\/)(?:\.ssh|\.aws|\.gnupg|\.kube|\.docker\/config\.json|\.azure)(?:\/|$)/;
const harmless =
  /\.(?:pub|example|sample|template|dist|tmpl|md)$|^(?:.*[-_.])?public[-_.]key|(?:^|[-_.])pub(?:lic)?\.(?:key|pem)$/;

function holdsSecrets(path: string): boolean {
  const name = path.split('/').at(-1)!;
  return !harmless.test(name) && (names.test(name) || folders.test(path));
}
