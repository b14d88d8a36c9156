import type { SimpleCommand } from '../shell/shell-script.ts';

/** Whether the command is an `rm` of one of the folders, of what is in it, or of what begins so. */
export function removesBelow(
  { name, args }: SimpleCommand,
  ...folders: readonly string[]
): boolean {
  if (name !== 'rm') return false;
  return args.some(({ text }) => folders.some((folder) => text.startsWith(folder)));
}
