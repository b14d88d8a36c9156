import type { Instruction } from '../instruction.ts';

/** What ARG and ENV have set at one point of a stage, with what its parent stages set by ENV. */
export interface Variables {
  /** The value as written without its quotes, `undefined` if it is not set or has none. */
  get(name: string): string | undefined;
  has(name: string): boolean;
  /** All names that are set, in no order; undefined when there are more than `limit`. */
  names(limit: number): ReadonlySet<string> | undefined;
  /** The same as it is now, whatever is set later. */
  copy(): Variables;
  /** Takes note of an ARG or ENV; of no other instruction. */
  set(instruction: Instruction): void;
}

interface Entry {
  readonly at: number;
  readonly value: string | undefined;
  readonly isArgument: boolean;
}

/** Stages further up than this are not asked: what a file can cost stays bounded. */
const maximumDepth = 50;

/** Variables of a new stage over those of the one it is built from. */
export function variablesOver(parent: Variables | undefined): Variables {
  return new VariableLog(new Map(), { count: 0 }, undefined, parent as VariableLog | undefined);
}

/** A log that all copies share: a copy knows how much of it counts. */
class VariableLog implements Variables {
  readonly #entries: Map<string, Entry[]>;
  readonly #log: { count: number };
  readonly #limit: number | undefined;
  readonly #parent: VariableLog | undefined;

  constructor(
    entries: Map<string, Entry[]>,
    log: { count: number },
    limit: number | undefined,
    parent: VariableLog | undefined,
  ) {
    this.#entries = entries;
    this.#log = log;
    this.#limit = limit;
    this.#parent = parent;
  }

  get(name: string): string | undefined {
    return this.#find(name)?.value;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  names(limit: number): Set<string> | undefined {
    const found = new Set<string>();
    let depth = 0;
    for (let log: VariableLog | undefined = this; log && depth <= maximumDepth; depth++) {
      for (const name of log.#entries.keys()) {
        if (log.#own(name, log !== this)) found.add(name);
        if (found.size > limit) return undefined;
      }
      log = log.#parent;
    }
    return found;
  }

  copy(): Variables {
    return new VariableLog(this.#entries, this.#log, this.#log.count, this.#parent);
  }

  set(instruction: Instruction): void {
    if (instruction.kind === 'env') {
      for (const { key, value } of instruction.pairs) this.#add(key.text, value.text, false);
    } else if (instruction.kind === 'arg') {
      for (const { name, defaultValue } of instruction.definitions) {
        this.#add(name.text, defaultValue?.text, true);
      }
    }
  }

  #add(name: string, written: string | undefined, isArgument: boolean): void {
    const value = written?.replace(/^(["'])(.*)\1$/s, '$2');
    const entry = { at: this.#log.count++, value, isArgument };
    const entries = this.#entries.get(name);
    if (entries) entries.push(entry);
    else this.#entries.set(name, [entry]);
  }

  #find(name: string): Entry | undefined {
    let depth = 0;
    for (let log: VariableLog | undefined = this; log; log = log.#parent) {
      const entry = log.#own(name, log !== this);
      if (entry) return entry;
      if (++depth > maximumDepth) break;
    }
    return undefined;
  }

  /** ARGs of a parent stage are gone in its children. */
  #own(name: string, fromChild: boolean): Entry | undefined {
    const entries = this.#entries.get(name);
    if (!entries) return undefined;
    const limit = this.#limit ?? Number.POSITIVE_INFINITY;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]!.at < limit) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0; index--) {
      if (!fromChild || !entries[index]!.isArgument) return entries[index];
    }
    return undefined;
  }
}
