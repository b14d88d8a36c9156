import type { Access, Action } from '../server/access-control.ts';

/** What may be done with the repositories whose names match the pattern. */
export interface Right {
  /**
   * A repository name in which `*` stands for anything within one component, `**` for anything, and
   * `{user}` for the name of the user.
   */
  readonly pattern: string;
  readonly actions: readonly Action[];
}

/** Rights that hold for many: those without a name, and those with any. */
export interface AccessPolicy {
  readonly anonymous: readonly Right[];
  readonly authenticated: readonly Right[];
}

/** Everybody who is logged in may pull, and do everything under their own name. */
export function defaultPolicy(anonymous: { pull: boolean; push: boolean }): AccessPolicy {
  const actions: Action[] = [];
  if (anonymous.pull) actions.push('pull');
  if (anonymous.push) actions.push('push');
  return {
    anonymous: actions.length > 0 ? [{ pattern: '**', actions }] : [],
    authenticated: [
      { pattern: '**', actions: ['pull'] },
      { pattern: '{user}/**', actions: ['pull', 'push', 'delete'] },
    ],
  };
}

/**
 * Tells whether one of the rights covers an access. The catalog is open: it lists what may be pulled.
 */
export function rightsCheck(rights: readonly Right[], user = ''): (access: Access) => boolean {
  const compiled = rights.map(({ pattern, actions }) => ({
    actions,
    names: patternOf(pattern, user),
  }));
  return (access) =>
    access.type === 'registry' ||
    compiled.some(
      ({ actions, names }) => actions.includes(access.action) && names.test(access.name),
    );
}

function patternOf(pattern: string, user: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*|\{user\})/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return (part === '{user}' ? user : part).replace(/[^a-z0-9/_-]/gi, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
