import { commandText } from '../command-text.ts';
import type { Instruction, OnbuildInstruction, TriggerInstruction } from '../instruction.ts';
import { SyntaxFault } from '../syntax-error.ts';
import { argsFault, argsOf, common, type Request, readFlags } from './request.ts';

/** `parse` reads the instruction behind ONBUILD. */
export function parseOnbuild(
  request: Request,
  parse: (trigger: Request) => Instruction,
): OnbuildInstruction {
  const { command, heredocs } = request;
  const { line, start, end } = argsOf(request);
  if (end === start) throw argsFault(request, 'ONBUILD requires at least one argument');
  readFlags(request, {});
  const nested = commandText(line, start, command.escapeToken);
  const name = nested.keyword.text.toUpperCase();
  if (name === 'ONBUILD') {
    const message = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed";
    throw new SyntaxFault(message, nested.keyword.range);
  }
  if (name === 'MAINTAINER' || name === 'FROM') {
    throw new SyntaxFault(`${name} isn't allowed as an ONBUILD trigger`, nested.keyword.range);
  }
  const { range: whole } = request;
  const from = nested.keyword.range.start;
  const trigger = parse({
    ...request,
    name,
    command: nested,
    comments: [],
    range: { start: from, end: whole.end },
    source: line.source.text.slice(from.offset, whole.end.offset),
  }) as TriggerInstruction;
  const bodies = heredocs.map(({ content, name: delimiter }) => `\n${content}${delimiter}`);
  // As it is written, blanks at the end and all.
  const expression = line.text.slice(start) + bodies.join('');
  return { ...common('onbuild', request), trigger, expression };
}
