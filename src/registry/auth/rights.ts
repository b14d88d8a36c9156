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

/** Whether one of the rights covers the access. The catalog is open: it lists what may be pulled. */
export function isAllowed(rights: readonly Right[], access: Access, user = ''): boolean {
  if (access.type === 'registry') return true;
  return rights.some(
    ({ pattern, actions }) =>
      actions.includes(access.action) && matches(pattern, access.name, user),
  );
}

function matches(pattern: string, name: string, user: string): boolean {
  const source = pattern
    .split(/(\*\*|\*|\{user\})/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return (part === '{user}' ? user : part).replace(/[^a-z0-9/_-]/gi, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`).test(name);
}
