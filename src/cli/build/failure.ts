import type { BuildMessage } from '../../client/index.ts';
import { type Place, renderPlace, renderSyntaxFault } from '../../dockerfile/index.ts';
import { printableLine } from '../render/build/text.ts';
import { printable, printableLines } from '../render/table.ts';

type Failure = Extract<BuildMessage, { kind: 'failure' }>;

/** What the details of a failure may hold: those of a step, or those of a Dockerfile at fault. */
interface Details extends Partial<Place> {
  readonly reason?: string;
  readonly text?: string;
  readonly lastOutput?: readonly string[];
}

/**
 * A failed build for a terminal: the last lines of the step that failed, the place in the
 * Dockerfile, the reason.
 */
export function renderFailure({ error, details }: Failure): string {
  const known = (details ?? {}) as Details;
  return `${lastOutputOf(known)}berth: ${placed(error, known)}\n`;
}

function lastOutputOf({ text = '', lastOutput = [] }: Details): string {
  if (lastOutput.length === 0) return '';
  const lines = lastOutput.map((line) => `${printableLine(line)}\n`).join('');
  return `------\n > ${printable(text)}:\n${lines}------\n`;
}

function placed(error: string, details: Details): string {
  if (details.excerpt === undefined || details.line === undefined) {
    return printableLines(error);
  }
  if (details.reason !== undefined) {
    return renderSyntaxFault(details as Parameters<typeof renderSyntaxFault>[0]);
  }
  return renderPlace(details as Place, error);
}
