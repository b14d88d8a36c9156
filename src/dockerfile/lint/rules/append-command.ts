import type { RunInstruction } from '../../instruction.ts';
import type { LintedRun } from '../linted-file.ts';
import { type Fix, insertion } from '../rule.ts';

/**
 * The fix that runs one more command at the end of a RUN; undefined unless the RUN is one plain
 * chain of `&&`, where that surely means what it says.
 */
export function appendCommand(
  { command, heredocs }: RunInstruction,
  { scripts, place }: LintedRun,
  text: string,
): Fix | undefined {
  const [script] = scripts;
  if (command.form !== 'shell' || heredocs.length > 0 || !script) return undefined;
  const isPlainChain = !/\|\||[;#()`\n{}]|(?:^|[^&])&(?:[^&]|$)/.test(script.text);
  const isKeyword = /(?:^|\s)(?:if|then|for|while|until|case|do)\s/.test(script.text);
  if (!isPlainChain || isKeyword || /&&\s*$/.test(script.text)) return undefined;
  return [insertion(place.range.end.offset, ` && ${text}`)];
}
