import { type Command, Option } from 'commander';
import { type BuildMessage, buildsClient } from '../../client/index.ts';
import { canceled, invalid } from '../../core/index.ts';
import { type BuildFlags, specOf } from '../build/build-spec.ts';
import { checkReport } from '../build/check-report.ts';
import { readCredentials } from '../build/docker-config.ts';
import { shellInFailedStep } from '../build/failed-step-shell.ts';
import { renderFailure } from '../build/failure.ts';
import { lintNote } from '../build/lint-note.ts';
import { mainContext } from '../build/main-context.ts';
import { parseOutput } from '../build/output-target.ts';
import { createBuildReport, type ProgressKind } from '../build/report.ts';
import { resultFiles } from '../build/result-files.ts';
import { type BuildOutcome, type OpenContext, runBuild } from '../build/run-build.ts';
import { connectFrom } from '../daemon-address.ts';

const list = (value: string, previous: string[]): string[] => [...previous, value];

export function buildCommand(program: Command): void {
  program
    .command('build <context>')
    .description(
      'build an image; the context is a folder, a git or http address, or - for a tar on standard input',
    )
    .option(
      '-f, --file <path>',
      'the Dockerfile (default: Dockerfile in the context; - reads standard input)',
    )
    .option('-t, --tag <name>', 'name of the image', list, [])
    .option('--build-arg <name=value>', 'set an ARG', list, [])
    .option(
      '--build-context <name=source>',
      'what a name in FROM and --from means: a folder, address, docker-image:// or oci-layout://',
      list,
      [],
    )
    .option('--label <name=value>', 'set a label', list, [])
    .option('--target <stage>', 'build this stage')
    .option('--no-cache', 'run every step')
    .addOption(noCacheFilter())
    .option('--pull', 'ask the registry for newer base images')
    .option('--platform <os/arch>', 'platform of the image')
    .option(
      '-o, --output <target>',
      'where the result goes: DEST, or type=local|tar|oci|docker|image|registry,dest=…',
      list,
      [],
    )
    .option('--push', 'push the image: --output type=registry')
    .option('--load', 'keep the image in the daemon, which is the default, beside other outputs')
    .option('--iidfile <file>', 'write the image id to a file')
    .option('--metadata-file <file>', 'write the result as JSON to a file')
    .option('--secret <spec>', 'id=NAME[,src=FILE|,env=VARIABLE]', list, [])
    .option('--ssh <spec>', 'default, or id=SOCKET', list, [])
    .option(
      '--cache-from <spec>',
      'import a cache: type=registry,ref=… or type=local,src=…',
      list,
      [],
    )
    .option(
      '--cache-to <spec>',
      'export the cache: type=registry,ref=…, type=local,dest=…, type=inline; mode=min|max',
      list,
      [],
    )
    .option('--network <mode>', 'network of RUN: default, none, host')
    .option('--add-host <name:address>', 'a line of /etc/hosts', list, [])
    .option('--shm-size <size>', 'size of /dev/shm')
    .option('-m, --memory <size>', 'memory of each RUN')
    .option('--allow <entitlement>', 'network.host, security.insecure', list, [])
    .option('--progress <kind>', 'auto, tty, plain, quiet, rawjson', 'auto')
    .option('-q, --quiet', 'print the image id only')
    .option('--check', "only report what the builder's checks find; exit with 1 if anything")
    .option('--lint', 'show what the linter finds in the Dockerfile')
    .option('--explain', 'say of each step whether it came from the cache, and exactly why')
    .option('--shell-on-error', 'open a shell in the filesystem of a failed RUN')
    .action(build);
}

/** Its name begins as those of options that switch something off do; it is none of them. */
function noCacheFilter(): Option {
  const option = new Option('--no-cache-filter <stages>', 'run every step of these stages');
  option.negate = false;
  option.attributeName = () => 'noCacheFilter';
  return option.argParser(list).default([]);
}

async function build(contextArgument: string, flags: BuildFlags, command: Command): Promise<void> {
  const targets = flags.output.map(parseOutput);
  if (flags.load) targets.push({ output: { kind: 'image' }, tags: [] });
  if (flags.push) targets.push({ output: { kind: 'image', push: true }, tags: [] });
  const { spec, folders } = specOf(flags);
  const tags = [...flags.tag, ...targets.flatMap((target) => target.tags)];
  const writeResult = resultFiles(flags, tags);
  const main = await mainContext(contextArgument, flags.file);
  const contexts = new Map<string, OpenContext>(main.open && [['default', main.open]]);
  if (main.folder !== undefined) folders.set('default', main.folder);
  using report = createBuildReport(progressKind(flags), { explain: flags.explain });
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(canceled('build: interrupted'));
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    const builds = buildsClient(connectFrom(command));
    const note = main.text && wantsNote(flags) ? lintNote(main.text, noteOptions(flags)) : '';
    const warnings: Warning[] = [];
    const outcome = await runBuild({
      builds,
      spec: {
        ...spec,
        context: main.context,
        dockerfile: main.dockerfile,
        tags,
        auth: await readCredentials(),
        ...(targets.length > 0 && { outputs: targets.map((target) => target.output) }),
      },
      contexts,
      folders,
      targets,
      onMessage(message) {
        if (flags.check && message.kind === 'warning') warnings.push(message);
        else report.message(message);
      },
      signal: interrupt.signal,
    });
    report.finish();
    if (outcome.kind === 'failure') process.stderr.write(renderFailure(outcome));
    const kept = keptStepOf(outcome);
    if (kept !== undefined) await shellInFailedStep(builds, kept);
    if (outcome.kind === 'failure') process.exitCode = 1;
    else if (!flags.check) {
      await writeResult(outcome);
      if (flags.quiet) process.stdout.write(`${outcome.imageId}\n`);
    }
    if (flags.check && (outcome.kind === 'result' || warnings.length > 0)) {
      process.stdout.write(checkReport(warnings));
      if (warnings.length > 0) process.exitCode = 1;
    }
    if (flags.lint || outcome.kind === 'result') process.stderr.write(await note);
  } catch (error) {
    // A connection that is cut fails in its own words; what happened is that it was cut.
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

type Warning = Extract<BuildMessage, { kind: 'warning' }>;

/** People at a terminal are told that there is something to be seen; scripts only when they ask. */
function wantsNote({ lint, check, quiet, progress }: BuildFlags): boolean {
  if (lint) return true;
  return !check && !quiet && process.stderr.isTTY && (progress === 'auto' || progress === 'tty');
}

function noteOptions({ lint = false }: BuildFlags) {
  return { whole: lint, color: process.stderr.isTTY };
}

/** The step the daemon kept after its failure, if it did. */
function keptStepOf(outcome: BuildOutcome): string | undefined {
  if (outcome.kind !== 'failure') return undefined;
  return (outcome.details as { kept?: { id: string } } | undefined)?.kept?.id;
}

function progressKind(flags: BuildFlags): ProgressKind {
  if (flags.quiet) return 'quiet';
  const { progress } = flags;
  if (
    progress === 'auto' ||
    progress === 'tty' ||
    progress === 'plain' ||
    progress === 'quiet' ||
    progress === 'rawjson'
  ) {
    return progress;
  }
  throw invalid(
    `parse --progress: unknown kind "${progress}"; known are auto, tty, plain, quiet, rawjson`,
  );
}
