import type { BuildMessage } from '../../client/index.ts';
import { createBuildState } from '../render/build/build-state.ts';
import { createLiveView } from '../render/build/live-view.ts';
import { createPlainView } from '../render/build/plain-view.ts';
import { createExplanation } from './explanation.ts';

export type ProgressKind = 'auto' | 'tty' | 'plain' | 'quiet' | 'rawjson';

/** Shows a build on standard error while it runs, and what is to be said of it at its end. */
export interface BuildReport extends Disposable {
  message(message: BuildMessage): void;
  /** Says what is told at the end; dispose does so too where this was not called. */
  finish(): void;
}

export function createBuildReport(
  kind: ProgressKind,
  {
    explain = false,
    error = process.stderr,
  }: { explain?: boolean; error?: NodeJS.WriteStream } = {},
): BuildReport {
  const wanted = kind === 'auto' ? (error.isTTY ? 'tty' : 'plain') : kind;
  if (wanted === 'quiet') return silentReport(() => {});
  if (wanted === 'rawjson')
    return silentReport((message) => error.write(`${JSON.stringify(message)}\n`));
  let isFinished = false;
  const warnings: string[] = [];
  const explanation = createExplanation({ verdicts: explain });
  const { state, apply } = createBuildState();
  const live = wanted === 'tty' ? createLiveView(state, error) : undefined;
  const plain = live === undefined ? createPlainView((text) => error.write(text)) : undefined;
  return {
    message(message) {
      if (message.kind === 'warning') warnings.push(warningLine(message));
      explanation.add(message);
      const change = apply(message);
      if (change === undefined) return;
      live?.change(change);
      plain?.(change);
    },
    finish,
    [Symbol.dispose]: finish,
  };

  function finish(): void {
    if (isFinished) return;
    isFinished = true;
    live?.finish();
    for (const text of [warnings.join(''), explanation.text()])
      if (text !== '') error.write(`\n${text}`);
  }
}

function silentReport(message: BuildReport['message']): BuildReport {
  return { message, finish() {}, [Symbol.dispose]() {} };
}

function warningLine(message: Extract<BuildMessage, { kind: 'warning' }>): string {
  const where = message.line === undefined ? '' : ` (line ${message.line})`;
  return `WARN: ${message.code}: ${message.message}${where}\n`;
}
