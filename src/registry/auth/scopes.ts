import { isRepositoryPath } from '../../core/index.ts';
import type { RepositoryName } from '../repository-name.ts';
import type { Access, Action } from '../server/access-control.ts';

/** One entry of a token's `access` claim (Docker's token specification). */
export interface ResourceActions {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const actions: readonly string[] = ['pull', 'push', 'delete'] satisfies Action[];
const mostAccesses = 100;

/** The `scope` of a challenge: `repository:team/app:pull,push`, several separated by spaces. */
export function formatScope(needs: readonly Access[]): string {
  return grouped(needs)
    .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
    .join(' ');
}

/** Accesses of the same resource put together, as a token's claim lists them. */
export function grouped(accesses: readonly Access[]): ResourceActions[] {
  const byResource = new Map<string, { type: string; name: string; actions: string[] }>();
  for (const { type, name, action } of accesses) {
    const key = `${type}:${name}`;
    const entry = byResource.get(key) ?? { type, name, actions: [] };
    byResource.set(key, entry);
    if (!entry.actions.includes(action)) entry.actions.push(action);
  }
  return [...byResource.values()];
}

/**
 * Reads the `scope` parameters of a token request. `*` on a repository means every action. What is
 * no scope of this registry is left out: the token just does not grant it.
 */
export function parseScopes(parameters: readonly string[]): Access[] {
  const accesses: Access[] = [];
  for (const scope of parameters.flatMap((parameter) => parameter.split(' '))) {
    const [first, last] = [scope.indexOf(':'), scope.lastIndexOf(':')];
    if (first < 0 || first === last) continue;
    // Docker's old clients add a class: repository(plugin).
    const type = /^([a-z]+)(?:\([a-z]*\))?:/.exec(scope)?.[1];
    const name = scope.slice(first + 1, last);
    const asked = scope.slice(last + 1).split(',');
    if (type === 'registry' && name === 'catalog' && asked.includes('*')) {
      accesses.push({ type, name, action: '*' });
    } else if (type === 'repository' && isRepositoryPath(name)) {
      for (const action of asked.includes('*') ? actions : asked) {
        if (!actions.includes(action)) continue;
        accesses.push({ type, name: name as RepositoryName, action: action as Action });
      }
    }
  }
  return accesses.slice(0, mostAccesses);
}
