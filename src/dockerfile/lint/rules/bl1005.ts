import type { Instruction } from '../../instruction.ts';
import type { LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';
import { isArchive } from './archives.ts';
import { ancestors } from './stages.ts';

export const bl1005: Rule = {
  code: 'BL1005',
  severity: 'error',
  title: 'The base image has no shell to run this command',
  unfixable: 'the program to run is not known, or is to be built elsewhere',
  documentation: `\`scratch\` and distroless images have no \`/bin/sh\`, which RUN, CMD, ENTRYPOINT and HEALTHCHECK in
shell form call. Use the exec form, \`["program", "argument"]\`, and do what needs a shell in another
stage.`,
  bad: [
    'FROM scratch\nCOPY app /app\nCMD /app --serve\n',
    'FROM gcr.io/distroless/static:nonroot\nRUN echo\n',
    'FROM scratch AS a\nFROM a\nENTRYPOINT /app\n',
  ],
  good: [
    'FROM scratch\nCOPY app /app\nCMD ["/app"]\n',
    'FROM scratch\nADD rootfs.tar.xz /\nRUN true\n',
    'FROM scratch\nCOPY --from=busybox:1 /bin/sh /bin/sh\nRUN true\n',
    'FROM gcr.io/distroless/base:debug\nRUN true\n',
  ],
  stage({ stage }, report) {
    if (stage.base?.hasShell !== false) return;
    if (ancestors(stage).some((other) => other !== stage && other.instructions.some(bringsShell))) {
      return;
    }
    for (const linted of stage.instructions) {
      if (bringsShell(linted)) return;
      if (needsShell(linted.place)) report(linted.place);
    }
  },
};

/** Whether a COPY or ADD may put a shell where it is looked for. */
function bringsShell({ instruction }: LintedStage['instructions'][number]): boolean {
  if (instruction.kind === 'shell') return true;
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return false;
  const { destination, sources } = instruction;
  if (/^\/(?:(?:usr\/)?bin(?:\/|$)|busybox)/.test(destination.text)) return true;
  const isRoot = /^\/?\.?\/?$/.test(destination.text);
  const unpacks = instruction.kind === 'add' && sources.some(({ text }) => isArchive(text));
  const isFolder = sources.some(({ text }) => /\/$|^\.$|rootfs|\$|\*/.test(text));
  return unpacks || (isRoot && isFolder);
}

function needsShell(place: Instruction): boolean {
  switch (place.kind) {
    case 'run':
    case 'cmd':
    case 'entrypoint':
    case 'healthcheck':
      return (
        place.command.form === 'shell' && place.args.text !== '' && !/^none$/i.test(place.args.text)
      );
    default:
      return false;
  }
}
