import { operands } from '../shell/command-line.ts';
import type { ShellWord, SimpleCommand } from '../shell/shell-script.ts';

/** What pip may be called by; `python -m pip` is one more. */
export const pipPrograms = [
  'pip',
  'pip2',
  'pip3',
  'python',
  'python2',
  'python3',
  ...Array.from({ length: 15 }, (_, minor) => [`pip3.${minor}`, `python3.${minor}`]).flat(),
];

const withValue = [
  'abi',
  'b',
  'build',
  'cache-dir',
  'cert',
  'client-cert',
  'config-settings',
  'e',
  'editable',
  'extra-index-url',
  'f',
  'find-links',
  'global-option',
  'i',
  'implementation',
  'index-url',
  'install-option',
  'log',
  'no-binary',
  'only-binary',
  'platform',
  'prefix',
  'progress-bar',
  'proxy',
  'python',
  'python-version',
  'report',
  'retries',
  'root',
  'root-user-action',
  'src',
  't',
  'target',
  'timeout',
  'trusted-host',
  'upgrade-strategy',
];

/** The packages a `pip install` is asked for, or undefined of any other command. */
export function pipInstallOperands(command: SimpleCommand): readonly ShellWord[] | undefined {
  const { name, args } = command;
  if (name.startsWith('python')) {
    const module = args.findIndex(({ text }) => text === '-m');
    if (module < 0 || args[module + 1]?.text !== 'pip') return undefined;
    return afterInstall(operands({ ...command, args: args.slice(module + 2) }, withValue));
  }
  return afterInstall(operands(command, withValue));
}

function afterInstall(words: readonly ShellWord[]): readonly ShellWord[] | undefined {
  return words[0]?.text === 'install' ? words.slice(1) : undefined;
}
