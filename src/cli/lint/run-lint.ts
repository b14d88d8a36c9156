import { existsSync, writeFileSync } from 'node:fs';
import type { Connection } from '../../client/index.ts';
import { errorMessage, invalid } from '../../core/index.ts';
import type { LintOptions } from '../../dockerfile/lint/index.ts';
import { parseBuildArgs } from '../build-args.ts';
import { askForImages } from './base-images.ts';
import { configCandidates } from './config-candidates.ts';
import type { ConfigFile } from './config-file.ts';
import { environmentConfig } from './environment.ts';
import { lintExitStatus } from './exit-status.ts';
import { explainRule, ruleList } from './explain.ts';
import { findDockerfiles } from './find-dockerfiles.ts';
import { type ConfigFlags, flagsConfig } from './flags-config.ts';
import type { FormatName } from './formats/format-name.ts';
import { formatters } from './formats/formatters.ts';
import { type LintConfig, mergeConfig } from './lint-config.ts';
import { type LintInput, lintFiles } from './lint-files.ts';
import { readInputs } from './read-inputs.ts';
import { shellcheckRunner } from './run-shellcheck.ts';
import { shown } from './shown.ts';

export interface LintFlags extends ConfigFlags {
  readonly config?: string;
  readonly filePathInReport?: string;
  readonly output?: string;
  readonly shellcheck: boolean;
  readonly buildChecks: boolean;
  readonly baseImages: boolean;
  readonly fix?: boolean;
  readonly dryRun?: boolean;
  readonly explain?: string;
  readonly list?: boolean;
  /** False after `--no-gitignore`. */
  readonly gitignore: boolean;
  readonly buildArg: readonly string[];
}

/** Lints what the command line names, prints the findings, gives the exit code. */
export async function runLint(
  files: readonly string[],
  flags: LintFlags,
  { connection }: { connection: () => Connection },
): Promise<number> {
  if (flags.list) {
    process.stdout.write(ruleList());
    return 0;
  }
  if (flags.explain !== undefined) {
    process.stdout.write(explainRule(flags.explain));
    return 0;
  }
  if (flags.dryRun && !flags.fix) throw invalid('--dry-run is for use with --fix');
  const config = await readConfig(flags);
  const names = findDockerfiles(files.length === 0 ? ['.'] : files, {
    gitIgnore: flags.gitignore,
  });
  if (names.length === 0) throw invalid(`lint ${files.join(' ') || '.'}: found no Dockerfile`);
  const read = readInputs(names);
  const buildArgs = parseBuildArgs(flags.buildArg);
  const baseImages = flags.baseImages
    ? await askForImages(read, connection(), buildArgs)
    : new Map();
  const options = { ...config.options, buildArgs, baseImages };
  const inputs = flags.fix ? await fix(read, flags, { options, format: config.format }) : read;
  const { reports, lacksShellcheck, unchecked } = await lintFiles(inputs, {
    options,
    shellcheck: flags.shellcheck ? shellcheckRunner() : undefined,
    buildChecks: flags.buildChecks,
  });
  if (lacksShellcheck) {
    note('shellcheck is not installed, so the commands in RUN are not checked by it');
  }
  if (unchecked > 0) {
    note(`commands too long or too deep for shellcheck, not checked by it: ${unchecked}`);
  }
  const text = formatters[config.format](reports, {
    color: !config.noColor && flags.output === undefined && process.stdout.isTTY === true,
    pathInReport: flags.filePathInReport,
    now: new Date(),
  });
  if (flags.output === undefined) process.stdout.write(text);
  else writeReport(flags.output, text);
  return lintExitStatus(reports, config);
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw invalid(`write report ${path}: ${errorMessage(error)}`, { cause: error });
  }
}

function note(text: string): void {
  process.stderr.write(`berth: note: ${text}\n`);
}

/** The configuration that flags, environment and the file of it make together. */
export async function readConfig(flags?: LintFlags): Promise<LintConfig> {
  const file = await readConfigFile(flags?.config);
  const sources = [environmentConfig(process.env), file?.config ?? {}];
  if (flags) sources.unshift(flagsConfig(flags));
  const config = mergeConfig(sources);
  for (const key of file?.unknownKeys ?? []) {
    note(`${shown(file!.path)}: the option ${shown(key)} is not known`);
  }
  if (config.verbose) process.stderr.write(describe(config, file?.path));
  return config;
}

/** The parser of YAML is loaded only for a file that is there. */
async function readConfigFile(given: string | undefined): Promise<ConfigFile | undefined> {
  const candidates = configCandidates(process.cwd(), process.env).filter((path) =>
    existsSync(path),
  );
  if (given === undefined && candidates.length === 0) return undefined;
  const { findConfigFile } = await import('./config-file.ts');
  return findConfigFile(given, candidates);
}

function describe(config: LintConfig, path: string | undefined): string {
  const { options, ...rest } = config;
  const lines = Object.entries({ ...rest, ...options }).map(([name, value]) => {
    const plain = value instanceof Map || value instanceof Set ? [...value] : value;
    return `  ${name}: ${shown(JSON.stringify(plain))}\n`;
  });
  return `configuration file: ${path === undefined ? 'none' : shown(path)}\n${lines.join('')}`;
}

/** Rewrites the files, or only shows how; gives what is to be linted then. */
async function fix(
  inputs: readonly LintInput[],
  flags: LintFlags,
  { options, format }: { options: Partial<LintOptions>; format: FormatName },
): Promise<LintInput[]> {
  const { fixInput, writeFixed } = await import('./fix-files.ts');
  const isReport = format !== 'tty' && flags.output === undefined;
  return inputs.map((input) => {
    const fixed = fixInput(input, { options, buildChecks: flags.buildChecks });
    if (fixed.fixed === 0) return input;
    (isReport ? process.stderr : process.stdout).write(fixed.diff);
    if (!flags.dryRun && input.name !== '-') writeFixed(input.name, input.text, fixed.text);
    return fixed;
  });
}
