import type { CopyInstruction, Instruction } from '../../instruction.ts';
import type { Rule } from '../rule.ts';
import { operands } from '../shell/command-line.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { isArchive } from './archives.ts';

export const dl3010: Rule = {
  code: 'DL3010',
  severity: 'info',
  title: 'Use ADD for an archive that is unpacked in the image',
  unfixable: 'ADD unpacks to other places than `tar` may',
  documentation: `COPY puts the archive in one layer and \`tar\` its content in another, so the image carries
both. ADD unpacks a local tar archive as it copies.`,
  bad: ['FROM debian:12\nCOPY app.tar.gz /tmp/\nRUN tar -xf /tmp/app.tar.gz -C /opt\n'],
  good: ['FROM debian:12\nADD app.tar.gz /opt/\n', 'FROM debian:12\nCOPY app.tar.gz /opt/\n'],
  stage({ stage }, report) {
    const copied = new Map<string, Instruction>();
    for (const { instruction, place, run } of stage.instructions) {
      if (instruction.kind === 'copy') {
        for (const name of archivesIn(instruction)) copied.set(name, place);
      }
      if (copied.size === 0) continue;
      for (const command of run?.commands ?? []) {
        for (const name of unpackedBy(command)) {
          const found = copied.get(name);
          if (found) report(found);
        }
      }
    }
  },
};

/** The names under which a COPY puts archives into the image. */
function archivesIn({ from, sources, destination }: CopyInstruction): string[] {
  if (from) return [];
  const target = baseName(destination.text);
  if (isArchive(target)) return [target];
  return sources.map(({ text }) => baseName(text)).filter(isArchive);
}

const unpackers = new Set([
  'unzip',
  'gunzip',
  'bunzip2',
  'unlzma',
  'unxz',
  'zgz',
  'uncompress',
  'zcat',
  'gzcat',
]);

function unpackedBy(command: SimpleCommand): string[] {
  const { name, args } = command;
  const isTar =
    name === 'tar' && args.some(({ text }) => /^-[^-]*x|^--(?:extract|get)$/.test(text));
  if (!isTar && !unpackers.has(name)) return [];
  return operands(command).map(({ text }) => baseName(text));
}

function baseName(path: string): string {
  // A path with a blank is cut at it, so that its quotes stand alone.
  return path.replace(/["']/g, '').split(/[/\\]/).at(-1) ?? '';
}
