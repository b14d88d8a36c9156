import type { RunInstruction } from '../../instruction.ts';
import type { LintedRun } from '../linted-file.ts';
import { type Fix, insertion } from '../rule.ts';
import { isPlainChain } from './plain-chain.ts';

/**
 * The fix that runs one more command at the end of a RUN; undefined unless the RUN is one plain
 * chain of `&&`, or a here-document that ends at the first failure: there that surely means what it
 * says.
 */
export function appendCommand(
  { command, heredocs }: RunInstruction,
  { scripts, place }: LintedRun,
  text: string,
): Fix | undefined {
  const [script] = scripts;
  if (command.form !== 'shell' || !script || scripts.length > 1) return undefined;
  if (heredocs.length === 0) {
    return isPlainChain(script.text)
      ? [insertion(place.range.end.offset, ` && ${text}`)]
      : undefined;
  }
  const [heredoc] = heredocs;
  const [first] = script.commands;
  const endsAtFailure =
    first?.name === 'set' && first.args.some((word) => /^-[a-z]*e[a-z]*$/.test(word.text));
  const isWhole = heredoc?.content === script.text && heredoc.content.endsWith('\n');
  const isPlain = !/\b(?:exit|exec|return)\b|<<|\\\r?\n\s*$/.test(script.text);
  if (!heredoc || !endsAtFailure || !isWhole || !isPlain) return undefined;
  const lineEnd = heredoc.content.endsWith('\r\n') ? '\r\n' : '\n';
  const indent = heredoc.stripTabs ? (/^\t+/.exec(heredoc.content)?.[0] ?? '') : '';
  return [insertion(heredoc.contentRange.end.offset, `${indent}${text}${lineEnd}`)];
}
