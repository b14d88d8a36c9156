import type { InstructionKind } from '../instruction.ts';
import type { Rule } from './rule.ts';

/** The rules by what they want to see, so that a walk asks only those that care. */
export interface RulePlan {
  readonly file: readonly Rule[];
  readonly stage: readonly Rule[];
  readonly run: readonly Rule[];
  readonly kinds: ReadonlyMap<InstructionKind, readonly Rule[]>;
  readonly programs: ReadonlyMap<string, readonly Rule[]>;
}

export function rulePlan(rules: readonly Rule[]): RulePlan {
  const kinds = new Map<InstructionKind, Rule[]>();
  const programs = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const kind of Object.keys(rule.on ?? {}) as InstructionKind[]) add(kinds, kind, rule);
    for (const program of rule.programs ?? []) add(programs, program, rule);
  }
  return {
    file: rules.filter((rule) => rule.file),
    stage: rules.filter((rule) => rule.stage),
    run: rules.filter((rule) => rule.run),
    kinds,
    programs,
  };
}

function add<Key>(map: Map<Key, Rule[]>, key: Key, rule: Rule): void {
  const known = map.get(key);
  if (known) known.push(rule);
  else map.set(key, [rule]);
}
