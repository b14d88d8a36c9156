import type { CacheUsage } from '../../../build/index.ts';
import { compileGoPattern, errorMessage, invalid } from '../../../core/index.ts';

type Matches = (usage: CacheUsage) => boolean;

/** What can be compared. */
const texts: Readonly<Record<string, (usage: CacheUsage) => string>> = {
  id: ({ id }) => id,
  parents: ({ parents }) => parents.join(';'),
  type: ({ type }) => type,
  description: ({ description }) => description,
};

/** What is so or is not. */
const flags: Readonly<Record<string, Matches>> = {
  inuse: ({ inUse }) => inUse,
  shared: ({ shared }) => shared,
  private: ({ shared }) => !shared,
  mutable: isMutable,
  immutable: (usage) => !isMutable(usage),
};

/** Whether builds write to it: a layer never changes. */
export function isMutable({ type }: CacheUsage): boolean {
  return type !== 'regular';
}

/**
 * Which records of the build cache a client means by its filters (containerd's, pkg/filters): in each,
 * all of `id~=pattern,type==regular,inuse` must hold, and of several filters one. Throws `invalid`.
 */
export function cacheFilter(filters: readonly string[]): Matches {
  const any = filters.filter(Boolean).map((filter) => {
    try {
      return selectorsOf(filter);
    } catch (cause) {
      const message = `failed to parse filters [${filter}]: filters: parse error: ${errorMessage(cause)}`;
      throw invalid(message, { cause });
    }
  });
  return (usage) => any.length === 0 || any.some((all) => all.every((matches) => matches(usage)));
}

const selector = /([a-zA-Z][\w.]*)(?:(==|!=|~=)("(?:[^"\\]|\\.)*"|[^,"=]*))?(?:,|$)/y;

function selectorsOf(filter: string): Matches[] {
  const found: Matches[] = [];
  selector.lastIndex = 0;
  for (let at = 0; at < filter.length; at = selector.lastIndex) {
    const match = selector.exec(filter);
    if (!match) throw invalid(`[${filter.slice(0, at)} >|${filter.slice(at)}|<]`);
    const [, name = '', operator, value = ''] = match;
    found.push(selectorOf(name, operator, unquoted(value)));
  }
  return found;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

function selectorOf(name: string, operator: string | undefined, value: string): Matches {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  const isWanted = operator === undefined || (value !== 'false') === (operator !== '!=');
  if (flag) return (usage) => flag(usage) === isWanted;
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
  if (!text) throw invalid(`the build cache knows no ${JSON.stringify(name.slice(0, 80))}`);
  switch (operator) {
    case '==':
      return (usage) => text(usage) === value;
    case '!=':
      return (usage) => text(usage) !== value;
    case '~=': {
      const pattern = compileGoPattern(value);
      return (usage) => pattern.test(text(usage));
    }
    default:
      return (usage) => text(usage) !== '';
  }
}
