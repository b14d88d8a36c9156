import type { RunInstruction } from '../../instruction.ts';

/** Whether a cache or tmpfs mount covers the folder, so that nothing in it is in the image. */
export function hasMountAt({ mounts }: RunInstruction, folder: string): boolean {
  return mounts.some(({ type, target }) => {
    if ((type !== 'cache' && type !== 'tmpfs') || target === undefined) return false;
    const path = target.replace(/\/+$/, '');
    return path === folder || path.startsWith(`${folder}/`);
  });
}

/** Whether a cache or tmpfs mount has this in its target. */
export function hasMountWith({ mounts }: RunInstruction, part: string): boolean {
  return mounts.some(
    ({ type, target }) => (type === 'cache' || type === 'tmpfs') && target?.includes(part),
  );
}
