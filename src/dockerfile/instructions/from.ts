import { quoted } from '../../core/index.ts';
import type { FromInstruction } from '../instruction.ts';
import { SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import { blankSeparated } from '../words.ts';
import { argsFault, argsOf, common, type Request, readFlags } from './request.ts';

const stageName = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom(request: Request): FromInstruction {
  const words = blankSeparated(argsOf(request));
  const [image, asKeyword, name] = words;
  const isNamed = words.length === 3 && asKeyword?.text.toLowerCase() === 'as';
  if (!image || (!isNamed && words.length !== 1)) {
    throw argsFault(request, 'FROM requires either one or three arguments');
  }
  if (isNamed) checkName(name!);
  const { platform } = readFlags(request, { platform: 'string' });
  return { ...common('from', request), image, platform: nonEmpty(platform), asKeyword, name };
}

function checkName({ text, range }: Word): void {
  if (stageName.test(text.toLowerCase())) return;
  throw new SyntaxFault(
    `invalid name for build stage: ${quoted(text)}, name can't start with a number or contain symbols`,
    range,
  );
}

/** An empty value means the same as no flag. */
function nonEmpty(word: Word | undefined): Word | undefined {
  return word?.text === '' ? undefined : word;
}
