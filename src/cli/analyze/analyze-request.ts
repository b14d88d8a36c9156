import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Connection } from '../../client/index.ts';
import { invalid, parsePlatform } from '../../core/index.ts';
import { cycloneDxDocument, spdxDocument } from '../../image/analysis/index.ts';
import { printable } from '../render/table.ts';
import { defaultCiConfig, type RuleFlags } from './ci-config.ts';
import { type DiveConfig, switchOf } from './dive-config.ts';
import { imageSources, type OpenTargetOptions } from './open-target.ts';
import { type ViewSettings, viewSettings } from './view/view-settings.ts';

export interface AnalyzeFlags {
  readonly json?: string;
  readonly format: string;
  readonly sbom?: string;
  readonly output: string;
  readonly ci?: boolean;
  readonly ciConfig?: string;
  readonly lowestEfficiency?: string;
  readonly highestWastedBytes?: string;
  readonly highestUserWastedPercent?: string;
  readonly source?: string;
  readonly ignoreErrors?: boolean;
  readonly name?: string;
  readonly platform?: string;
  readonly most: string;
  /** Set by --interactive and --no-interactive. */
  readonly interactive?: boolean;
  readonly file?: string;
  readonly target?: string;
}

/** What is asked for: the flags, dive's configuration and the environment in one. */
export interface AnalyzeRequest {
  /** Where dive's document goes. */
  readonly divePath: string | undefined;
  readonly isJson: boolean;
  readonly sbom: keyof typeof sbomFormats | undefined;
  /** Whether anything is written in place of what people read. */
  readonly isWritten: boolean;
  /** Where the report or the list of packages goes. */
  readonly output: string;
  readonly isJudged: boolean;
  readonly ciConfig: string;
  readonly rules: RuleFlags;
  /** How the interactive view begins, when that is what is shown. */
  readonly view: ViewSettings | undefined;
  readonly most: number;
  readonly dockerfile: { readonly path: string; readonly target: string | undefined } | undefined;
  readonly config: DiveConfig;
  readonly open: OpenTargetOptions;
}

export const sbomFormats = { spdx: spdxDocument, cyclonedx: cycloneDxDocument } as const;

/** Throws `invalid` for flags and settings that make no sense, before any image is read. */
export function parseRequest(
  flags: AnalyzeFlags,
  { connection, config }: { connection: Connection; config: DiveConfig },
): AnalyzeRequest {
  if (flags.interactive && !canInteract()) {
    throw invalid('analyze: the interactive view needs a terminal for both input and output');
  }
  if (flags.interactive && flags.output !== '-') {
    throw invalid(`analyze: choose one of --interactive and --output ${flags.output}`);
  }
  if (flags.format !== 'text' && flags.format !== 'json') {
    throw invalid(`analyze: --format ${flags.format} is neither text nor json`);
  }
  const sbom = sbomOf(flags);
  const divePath = flags.json ?? textSetting(config, 'json-path');
  const { lowestEfficiency, highestWastedBytes, highestUserWastedPercent, file } = flags;
  for (const path of [divePath, flags.output]) refuseMissingFolder(path);
  const isJson = flags.format === 'json';
  const isWritten = divePath !== undefined || sbom !== undefined || isJson;
  return {
    divePath,
    isJson,
    sbom,
    isWritten,
    output: flags.output,
    isJudged: flags.ci ?? (!isWritten && isCi(config)),
    ciConfig: flags.ciConfig ?? textSetting(config, 'ci-config') ?? defaultCiConfig,
    rules: { lowestEfficiency, highestWastedBytes, highestUserWastedPercent },
    view:
      (flags.interactive ?? (canInteract() && flags.output === '-'))
        ? viewSettings(config)
        : undefined,
    most: parseCount(flags.most),
    dockerfile: file === undefined ? undefined : { path: file, target: flags.target },
    config,
    open: openOptions(flags, connection, config),
  };
}

/** What asks something of one image; `undefined` and `false` ask nothing. */
const oneImageFlags = {
  interactive: '--interactive',
  json: '--json',
  sbom: '--sbom',
  ci: '--ci',
  ciConfig: '--ci-config',
  lowestEfficiency: '--lowestEfficiency',
  highestWastedBytes: '--highestWastedBytes',
  highestUserWastedPercent: '--highestUserWastedPercent',
  file: '--file',
  target: '--target',
} as const satisfies Partial<Record<keyof AnalyzeFlags, string>>;

/** Throws `invalid` when two images are compared and a flag asks for what only one image has. */
export function refuseForTwo(flags: AnalyzeFlags): void {
  for (const [name, flag] of Object.entries(oneImageFlags)) {
    if (flags[name as keyof typeof oneImageFlags]) {
      const hint = name === 'json' ? '; a comparison as JSON: --format json' : '';
      throw invalid(`analyze: ${flag} is of one image, and two are compared${hint}`);
    }
  }
}

function refuseMissingFolder(path: string | undefined): void {
  if (path === undefined || path === '-' || existsSync(dirname(path))) return;
  throw invalid(`analyze: write ${path}: there is no folder ${dirname(path)}`);
}

function sbomOf({ sbom, format }: AnalyzeFlags): AnalyzeRequest['sbom'] {
  if (sbom === undefined) return undefined;
  if (sbom !== 'spdx' && sbom !== 'cyclonedx') {
    throw invalid(`analyze: --sbom ${sbom} is neither spdx nor cyclonedx`);
  }
  if (format === 'json') throw invalid('analyze: choose one of --sbom and --format json');
  return sbom;
}

function openOptions(
  flags: AnalyzeFlags,
  connection: Connection,
  config: DiveConfig,
): OpenTargetOptions {
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const source = flags.source ?? textSetting(config, 'container-engine');
  if (source !== undefined && !Object.hasOwn(imageSources, source)) {
    const known = Object.keys(imageSources).join(', ');
    throw invalid(`analyze: source ${source} is none of ${known}`);
  }
  return {
    connection,
    stdin: process.stdin,
    ...(platform && { platform }),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(source !== undefined && { source: imageSources[source as keyof typeof imageSources] }),
    onProgress: (line) => process.stderr.write(`${printable(line)}\n`),
  };
}

function textSetting(config: DiveConfig, name: string): string | undefined {
  const value = config[name];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** In the environment what dive and Go's ParseBool take for true; in the configuration `ci`. */
function isCi(config: DiveConfig): boolean {
  return /^(?:1|t|true|yes)$/i.test(process.env.CI ?? '') || switchOf(config.ci, 'ci', false);
}

function canInteract(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid(`analyze: --most ${text} is not a number`);
  return Number(text);
}
