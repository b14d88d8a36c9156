import { isLabelValue, type LabelType } from '../label-value.ts';
import type { InstructionVisit, Report, Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

interface LabelRule {
  readonly code: string;
  readonly type: LabelType;
  /** What the value should be, after "is not ". */
  readonly noun: string;
  readonly documentation: string;
  readonly bad: string;
  readonly good: string;
}

/** The rule about the labels whose values the schema wants to be of one type. */
export function labelRule({ code, type, noun, documentation, bad, good }: LabelRule): Rule {
  const options = { labelSchema: new Map([['it', type]]) };
  const example = (value: string) => ({ text: `FROM debian:12\nLABEL it="${value}"\n`, options });
  return {
    code,
    severity: 'warning',
    title: `A label is not ${noun}`,
    unfixable: 'the value is not known',
    documentation,
    bad: [example(bad)],
    good: [example(good), `FROM debian:12\nLABEL it="${bad}"\n`],
    on: {
      label: (visit, report) =>
        reportValues(visit, report, {
          isWrong: (value, wanted) => wanted === type && !isLabelValue(type, value),
          message: (name) => `Label \`${name}\` is not ${noun}`,
        }),
    },
  };
}

interface ValueCheck {
  isWrong(value: string, wanted: LabelType): boolean;
  message(name: string): string;
}

/** Reports labels of the schema whose value is wrong. */
export function reportValues(
  { instruction, place, options: { labelSchema } }: InstructionVisit<'label'>,
  report: Report,
  { isWrong, message }: ValueCheck,
): void {
  if (labelSchema.size === 0) return;
  for (const { key, value } of instruction.pairs) {
    const name = withoutQuotes(key.text);
    const wanted = labelSchema.get(name);
    if (wanted === undefined || !isWrong(withoutQuotes(value.text), wanted)) continue;
    report(place, { message: message(name), focus: value.range });
  }
}
