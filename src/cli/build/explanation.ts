import type { BuildMessage } from '../../client/index.ts';
import { formatSize } from '../../core/index.ts';
import { printable, renderTable } from '../render/table.ts';

/** What a build's messages say of its cache and its lines, told when it has ended. */
export interface Explanation {
  add(message: BuildMessage): void;
  /** Each step in order, hit or miss and why; then what each line weighs. */
  text(): string;
}

interface Verdict {
  readonly cache: 'hit' | 'miss';
  readonly reasons: readonly string[];
}

/** `verdicts`: tell of each step that could come from the cache whether it did. */
export function createExplanation({ verdicts: isWanted }: { verdicts: boolean }): Explanation {
  const titles = new Map<number, { title: string; line: number }>();
  const verdicts = new Map<number, Verdict>();
  let usage = '';
  return {
    add(message) {
      if (message.kind === 'plan') {
        for (const { number, title, line } of message.steps)
          if (title !== undefined) titles.set(number, { title, line });
      } else if (message.kind === 'step-cached' && message.reason !== undefined) {
        verdicts.set(message.step, { cache: 'hit', reasons: [message.reason] });
      } else if (message.kind === 'step-missed') {
        verdicts.set(message.step, { cache: 'miss', reasons: message.reasons });
      } else if (message.kind === 'line-usage' && message.lines.length > 0) {
        usage = usageTable(message.lines);
      }
    },
    text() {
      const steps = isWanted ? verdictLines(titles, verdicts) : '';
      return [steps, usage].filter((part) => part !== '').join('\n');
    },
  };
}

function verdictLines(
  titles: ReadonlyMap<number, { title: string; line: number }>,
  verdicts: ReadonlyMap<number, Verdict>,
): string {
  const told = [...titles].filter(([step]) => verdicts.has(step));
  return told
    .sort(([a], [b]) => a - b)
    .map(([step, { title, line }]) => {
      const { cache, reasons } = verdicts.get(step)!;
      const label = cache === 'hit' ? 'hit ' : 'MISS';
      const why = reasons.map((reason) => `       ${printable(reason)}\n`).join('');
      return `${label}   ${printable(title)} (line ${line})\n${why}`;
    })
    .join('');
}

type LineUsage = Extract<BuildMessage, { kind: 'line-usage' }>['lines'][number];

function usageTable(lines: readonly LineUsage[]): string {
  return renderTable(
    ['LINE', 'ADDED', 'LOST', 'LOST TO', 'INSTRUCTION'],
    lines.map(({ line, addedBytes, lostBytes, lostTo, text }) => [
      String(line),
      formatSize(addedBytes),
      formatSize(lostBytes),
      lostTo.map((loss) => `line ${loss.line}: ${formatSize(loss.bytes)}`).join(', '),
      text,
    ]),
  );
}
