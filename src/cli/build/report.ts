import type { BuildMessage } from '../../client/index.ts';
import { formatSize } from '../../core/index.ts';
import { createBuildState } from '../render/build/build-state.ts';
import { createLiveView } from '../render/build/live-view.ts';
import { createPlainView } from '../render/build/plain-view.ts';
import { renderTable } from '../render/table.ts';

export type ProgressKind = 'auto' | 'tty' | 'plain' | 'quiet' | 'rawjson';

/** Shows a build on standard error while it runs, and what is to be said of it at its end. */
export interface BuildReport {
  message(message: BuildMessage): void;
  finish(): void;
}

export function createBuildReport(
  kind: ProgressKind,
  error: NodeJS.WriteStream = process.stderr,
): BuildReport {
  const wanted = kind === 'auto' ? (error.isTTY ? 'tty' : 'plain') : kind;
  if (wanted === 'quiet') return { message() {}, finish() {} };
  if (wanted === 'rawjson') {
    return { message: (message) => error.write(`${JSON.stringify(message)}\n`), finish() {} };
  }
  const closing: string[] = [];
  const { state, apply } = createBuildState();
  const live = wanted === 'tty' ? createLiveView(state, error) : undefined;
  const plain = live === undefined ? createPlainView((text) => error.write(text)) : undefined;
  return {
    message(message) {
      closing.push(...closingLines(message));
      const change = apply(message);
      if (change === undefined) return;
      live?.change(change);
      plain?.(change);
    },
    finish() {
      live?.finish();
      if (closing.length > 0) error.write(`\n${closing.join('')}`);
    },
  };
}

/** What is not progress: warnings, why steps ran, what each line of the Dockerfile weighs. */
function closingLines(message: BuildMessage): string[] {
  switch (message.kind) {
    case 'warning': {
      const where = message.line === undefined ? '' : ` (line ${message.line})`;
      return [`WARN: ${message.code}: ${message.message}${where}\n`];
    }
    case 'step-missed':
      return message.reasons.map((reason) => `step ${message.step} ran: ${reason}\n`);
    case 'line-usage':
      return [
        renderTable(
          ['LINE', 'ADDED', 'LOST', 'LOST TO', 'INSTRUCTION'],
          message.lines.map((line) => [
            String(line.line),
            formatSize(line.addedBytes),
            formatSize(line.lostBytes),
            line.lostTo
              .map(({ line: other, bytes }) => `line ${other}: ${formatSize(bytes)}`)
              .join(', '),
            line.text,
          ]),
        ),
      ];
    default:
      return [];
  }
}
