import type { Command } from 'commander';
import { bootstrap } from '../bootstrap.ts';
import { connectFrom } from '../daemon-address.ts';

export function imageCommand(program: Command): void {
  const image = program.command('image').description('what docker image does not do');
  image
    .command('bootstrap <image>')
    .description(
      "make a base image from the distribution's own package mirror, such as debian:bookworm",
    )
    .option('--mirror <url>', "package mirror (default: this machine's, else the distribution's)")
    .option('--include <packages>', 'further packages, separated by commas')
    .option('--refresh', 'do not use the archive kept from an earlier time')
    .option('-t, --tag <name>', 'name of the image (default: as given)')
    .action(
      (
        name: string,
        options: { mirror?: string; include?: string; refresh?: boolean; tag?: string },
        command: Command,
      ) =>
        bootstrap(connectFrom(command), name, {
          ...options,
          onProgress: (line) => process.stderr.write(`${line}\n`),
        }),
    );
}
