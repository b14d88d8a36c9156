import type { Command } from 'commander';
import type { AnalyzeFlags } from '../analyze/analyze-request.ts';
import { runAnalyze } from '../analyze/run-analyze.ts';
import { connectFrom } from '../daemon-address.ts';

export function analyzeCommand(program: Command): void {
  program
    .command('analyze <image> [other]')
    .description(
      'show what each layer of an image holds and what is wasted, or with a second image what grew: an image of the daemon or of a registry, a docker-archive (- for standard input), an OCI layout',
    )
    .option('-i, --interactive', 'browse layers and files (the default on a terminal)')
    .option('--no-interactive', 'print the report on a terminal too')
    .option('-j, --json <file>', "write layers, files and waste in dive's form (- for stdout)")
    .option('--sbom <format>', 'list the packages as spdx (2.3) or cyclonedx (1.5) JSON')
    .option('--format <format>', 'the report as text or json, all findings in it', 'text')
    .option('-o, --output <file>', 'where the report or the packages go', '-')
    .option('--ci', 'judge the image by rules and exit with 1 when it fails (also with CI=true)')
    .option('--ci-config <file>', 'the rules (default .dive-ci)')
    .option('--lowestEfficiency <share>', 'rule: fail below it, 0 to 1 (default 0.9)')
    .option('--highestWastedBytes <size>', 'rule: fail at so much waste, such as 20MB')
    .option(
      '--highestUserWastedPercent <share>',
      'rule: fail at so much waste of all but the first layer, 0 to 1 (default 0.1)',
    )
    .option('-f, --file <dockerfile>', 'its Dockerfile, to name the lines behind the layers')
    .option('--target <stage>', "the Dockerfile's stage that was built")
    .option('--source <source>', 'docker, podman or docker-archive, when the name does not tell')
    .option('--ignore-errors', 'as in dive; Berth has no errors that could be passed over')
    .option('--name <reference>', 'which image of a file that holds several')
    .option('--platform <platform>', 'which image of several platforms')
    .option('--most <number>', 'how many of each finding to list', '20')
    .action((image: string, other: string | undefined, flags: AnalyzeFlags, command: Command) =>
      runAnalyze({ image, other }, flags, connectFrom(command)),
    );
}
