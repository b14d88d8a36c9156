import { hasArgument, operands } from '../shell/command-line.ts';
import { expansion, type ShellWord, type SimpleCommand } from '../shell/shell-script.ts';

const withValue = [
  'c',
  'config',
  'enablerepo',
  'disablerepo',
  'repo',
  'installroot',
  'releasever',
  'setopt',
  'x',
  'exclude',
  'comment',
];

/** Whether a package manager of RPM distributions is told to install something without a version. */
export function installsUnpinned(command: SimpleCommand): boolean {
  if (!hasArgument(command, 'install') || hasArgument(command, 'group')) return false;
  const words = operands(command, withValue).filter(
    ({ text }) => text !== 'install' && text !== 'module',
  );
  const isModule = hasArgument(command, 'module');
  return words.some((word) => (isModule ? !word.text.includes(':') : !isPinned(word)));
}

/** `name-1.2-3.el9`, a file, an address. What a variable brings may be a version. */
function isPinned({ text }: ShellWord): boolean {
  if (/\.rpm$/.test(text)) return true;
  const parts = text.split('-').slice(1);
  return parts.some((part) => /^(?:\d+:)?\d/.test(part) || part.includes(expansion));
}
