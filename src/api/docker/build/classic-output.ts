import { StringDecoder } from 'node:string_decoder';
import type { BuildEvent, BuildStep } from '../../../build/index.ts';
import { shortId } from '../../../core/index.ts';
import { type SendProgress, transferMessage } from '../progress.ts';

type StepEvent = Extract<BuildEvent, { step: number }>;

/**
 * Tells a build as the classic builder does: `Step n/m : …`, one step after the other. What
 * a step says while an earlier one is still under way waits for its turn.
 */
export interface ClassicOutput {
  onEvent(event: BuildEvent): void;
  /** Says what is still held back of steps that did something, for a build that failed. */
  flush(): void;
}

export function classicOutput(send: SendProgress): ClassicOutput {
  let steps: readonly BuildStep[] = [];
  let turn = 0;
  const waiting = new Map<number, StepEvent[]>();
  const over = new Set<number>();
  const containers = new Map<number, string>();
  const decoders = new Map<string, StringDecoder>();
  const say = (stream: string) => send({ stream });

  function tell(event: StepEvent): void {
    const { step } = event;
    switch (event.kind) {
      case 'step-started':
        say(`Step ${step}/${steps.length} : ${textOf(step)}`);
        say('\n');
        break;
      case 'step-running':
        containers.set(step, event.containerId);
        say(` ---> Running in ${shortId(event.containerId)}\n`);
        break;
      case 'step-output': {
        const text = decode(event);
        if (text !== '') say(event.stream === 'stdout' ? text : red(text));
        break;
      }
      case 'step-progress':
        send(transferMessage(event.action, event), `step ${step} ${event.id}`);
        break;
      case 'step-cached':
        if (!isBase(step)) say(' ---> Using cache\n');
        say(` ---> ${shortId(event.imageId)}\n`);
        break;
      case 'step-done': {
        const container = containers.get(step);
        if (container) say(` ---> Removed intermediate container ${shortId(container)}\n`);
        say(` ---> ${shortId(event.imageId)}\n`);
        break;
      }
      case 'step-missed':
        for (const reason of event.reasons) say(` ---> Cache missed: ${reason}\n`);
        break;
      case 'step-failed':
      case 'step-canceled':
        break;
    }
  }

  // Steps are numbered from 1 in their order.
  const textOf = (step: number) => steps[step - 1]?.text ?? '';
  const isBase = (step: number) => /^from\s/i.test(textOf(step));

  /** Output as text; a character that is cut between two pieces comes with the second. */
  function decode({ step, stream, bytes }: StepEvent & { kind: 'step-output' }): string {
    const key = `${step} ${stream}`;
    const decoder = decoders.get(key) ?? new StringDecoder('utf8');
    decoders.set(key, decoder);
    return decoder.write(Buffer.from(bytes));
  }

  /** Tells what waited for its turn, and moves on over every step that is over. */
  function advance(): void {
    while (turn < steps.length) {
      const events = waiting.get(steps[turn]!.number) ?? [];
      for (const event of events.splice(0)) tell(event);
      if (!over.has(steps[turn]!.number)) return;
      turn++;
    }
  }

  return {
    onEvent(event) {
      if (event.kind === 'plan') {
        steps = event.steps;
        for (const { number } of steps) waiting.set(number, []);
      } else if (event.kind === 'warning') {
        say(`[Warning] ${event.message}\n`);
      } else if ('step' in event) {
        waiting.get(event.step)?.push(event);
        if (isEnd(event)) over.add(event.step);
        advance();
      }
    },
    flush() {
      for (const { number } of steps.slice(turn)) {
        for (const event of waiting.get(number)?.splice(0) ?? []) tell(event);
      }
    },
  };
}

function isEnd({ kind }: StepEvent): boolean {
  return ['step-cached', 'step-done', 'step-failed', 'step-canceled'].includes(kind);
}

/** Docker shows what a step writes to standard error in bright red. */
function red(text: string): string {
  return `\x1b[91m${text}\x1b[0m`;
}
