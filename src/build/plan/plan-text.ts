import type { BuildStep } from '../builder.ts';
import { imageConfig } from '../export/image-config.ts';
import type { Action } from './actions.ts';
import { imageKey, type Plan, type PlannedStage } from './plan.ts';
import type { Origin } from './stages.ts';

/** A plan as text, for golden tests: stages, their steps, what each does, the image they make. */
export function planText(plan: Plan): string {
  const stages = [...plan.stages.values()].map((stage) => stageText(stage, stage === plan.target));
  return `${stages.join('\n')}`;
}

function stageText({ index, name, base, steps, image }: PlannedStage, isTarget: boolean): string {
  const config = imageConfig(image, {
    diffIds: [],
    layerTimesMs: new Map(),
    labels: {},
    epochS: undefined,
  });
  const own = config.history!.slice(image.baseHistory.length);
  const lines = [
    `stage ${index} ${name} on ${originText(base)}${isTarget ? ' (target)' : ''}`,
    ...steps.flatMap(({ step, action }) => [stepLine(step), ...actionLines(action)]),
    '  image',
    ...Object.entries({ author: config.author, ...config.config }).flatMap(([key, value]) =>
      value === undefined ? [] : [`    ${key}: ${JSON.stringify(value)}`],
    ),
    ...own.map(
      ({ created_by, empty_layer }) => `    ${empty_layer ? '-' : '+'} ${oneLine(created_by!)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function stepLine({ number, line, endLine, text, title }: BuildStep): string {
  const place = endLine > line ? `${line}-${endLine}` : `${line}`;
  const shown = title === undefined ? '' : `\n      = ${oneLine(title)}`;
  return `  ${number}. line ${place}: ${oneLine(text)}${shown}`;
}

function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** A line for each property that is not at its plainest. */
function actionLines(action: Action): string[] {
  if (action.kind === 'from' || action.kind === 'config') return [];
  const { kind, ...rest } = action;
  const lines = [`      ${kind}`];
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'mounts' || key === 'sources') {
      for (const item of value as object[]) lines.push(`        ${key}: ${valueText(item)}`);
    } else if (key === 'env') {
      for (const pair of (value as { pairs: string[] }).pairs) lines.push(`        env: ${pair}`);
    } else if (!isPlain(value)) lines.push(`        ${key}: ${valueText(value)}`);
  }
  return lines;
}

function isPlain(value: unknown): boolean {
  return value === undefined || value === false || value === '' || JSON.stringify(value) === '[]';
}

function valueText(value: unknown): string {
  if (value instanceof Uint16Array) return 'by a table';
  return JSON.stringify(value, (key, part) => {
    if (key === 'origin' && part)
      return part.kind === 'main-context' ? 'context' : originText(part);
    return part === false ? undefined : part;
  });
}

function originText(origin: Origin): string {
  if (origin.kind === 'stage') return `stage ${origin.index}`;
  if (origin.kind === 'image') return `image ${imageKey(origin)}`;
  return origin.kind === 'context' ? `context ${origin.name}` : origin.kind;
}
