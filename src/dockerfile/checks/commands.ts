import { quoted } from '../../core/index.ts';
import type { Check } from './check.ts';

export const jsonArgsRecommended: Check = {
  name: 'JSONArgsRecommended',
  description:
    'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  instruction({ instruction, place, progress }, report) {
    if (instruction.kind !== 'cmd' && instruction.kind !== 'entrypoint') return;
    // Who set a shell wants it.
    if (instruction.command.form === 'exec' || progress.hasShell) return;
    const name = instruction.keyword.text;
    const message = `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`;
    report(message, place, instruction.args.range);
  },
};

export const multipleInstructionsDisallowed: Check = {
  name: 'MultipleInstructionsDisallowed',
  description: 'Multiple instructions of the same type should not be used in the same stage',
  instruction({ instruction, overridden }, report) {
    if (!overridden) return;
    const name = instruction.keyword.text;
    const message = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;
    // The earlier one is reported, because it is the one that does nothing.
    report(message, overridden);
  },
};

export const workdirRelativePath: Check = {
  name: 'WorkdirRelativePath',
  description:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  instruction({ instruction, place, progress }, report) {
    if (instruction.kind !== 'workdir' || progress.hasWorkdir) return;
    const { text, range } = instruction.path;
    if (text.startsWith('/')) return;
    const message = `Relative workdir ${quoted(text)} can have unexpected results if the base image changes`;
    report(message, place, range);
  },
};
