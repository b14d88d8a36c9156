/** Whether USER names root, with a group or without. */
export function isRoot(user: string): boolean {
  return /^(?:root|0)(?::.*)?$/s.test(user);
}
