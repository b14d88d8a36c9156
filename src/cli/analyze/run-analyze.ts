import { readFile } from 'node:fs/promises';
import type { Connection } from '../../client/index.ts';
import { errorKind, errorMessage, invalid } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import {
  analyzeImage,
  compareImages,
  cycloneDxDocument,
  type ImageAnalysis,
  parsePlatform,
  spdxDocument,
} from '../../image/index.ts';
import { renderAnalysis, renderVerdict } from '../render/analysis.ts';
import { renderComparison } from '../render/comparison.ts';
import { printable } from '../render/table.ts';
import { readCiRules } from './ci-config.ts';
import { judge } from './ci-rules.ts';
import { diveJson } from './dive-json.ts';
import { dockerfileLines } from './dockerfile-lines.ts';
import { type OpenTargetOptions, openTarget } from './open-target.ts';
import { runView } from './view/run-view.ts';
import { readViewSettings } from './view/view-settings.ts';
import { viewState } from './view/view-state.ts';
import { writePieces } from './write-pieces.ts';

export interface AnalyzeFlags {
  readonly json?: string;
  readonly sbom?: string;
  readonly output: string;
  readonly ci?: boolean;
  readonly ciConfig: string;
  readonly lowestEfficiency?: string;
  readonly highestWastedBytes?: string;
  readonly highestUserWastedPercent?: string;
  readonly name?: string;
  readonly platform?: string;
  readonly most: string;
  /** Set by --interactive and --no-interactive. */
  readonly interactive?: boolean;
  readonly file?: string;
  readonly target?: string;
}

/**
 * Analyzes an image and gives what was asked for, or compares two; the exit code is 1 when a rule
 * fails. What is wrong with the flags is said before an image is read.
 */
export async function runAnalyze(
  { image, other }: { image: string; other: string | undefined },
  flags: AnalyzeFlags,
  connection: Connection,
): Promise<void> {
  const request = parseFlags(flags, connection);
  const { most } = request;
  if (other !== undefined) {
    const [before, after] = [await analyze(image, request), await analyze(other, request)];
    const comparison = compareImages(before.analysis, after.analysis, { most });
    const labels = [image, other] as const;
    process.stdout.write(renderComparison(comparison, { labels, most }));
    return;
  }
  const { analysis, label } = await analyze(image, request);
  const { json, ci, sbom, output } = flags;
  if (json !== undefined) await writePieces(json, diveJson(analysis));
  if (sbom !== undefined) await writeSbom(analysis, { format: sbom, label, output });
  const isWritten = json !== undefined || sbom !== undefined;
  if (ci || (isCi() && !isWritten)) await judgeImage(analysis, flags);
  else if (!isWritten) await show(analysis, { label, most, flags });
}

interface Request {
  readonly most: number;
  readonly open: OpenTargetOptions;
}

function parseFlags(flags: AnalyzeFlags, connection: Connection): Request {
  if (flags.interactive && !canInteract()) {
    throw invalid('analyze: the interactive view needs a terminal for both input and output');
  }
  if (flags.sbom !== undefined && !sbomFormats.has(flags.sbom)) {
    throw invalid(`analyze: --sbom ${flags.sbom} is neither spdx nor cyclonedx`);
  }
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  return {
    most: parseCount(flags.most),
    open: {
      connection,
      stdin: process.stdin,
      ...(platform && { platform }),
      ...(flags.name !== undefined && { name: flags.name }),
      onProgress: (line) => process.stderr.write(`${printable(line)}\n`),
    },
  };
}

async function analyze(
  target: string,
  { open }: Request,
): Promise<{ analysis: ImageAnalysis; label: string }> {
  await using opened = await openTarget(target, open);
  return { analysis: await analyzeImage(opened.image), label: opened.label };
}

const sbomFormats = new Map([
  ['spdx', spdxDocument],
  ['cyclonedx', cycloneDxDocument],
]);

async function writeSbom(
  analysis: ImageAnalysis,
  { format, label, output }: { format: string; label: string; output: string },
): Promise<void> {
  // As reproducible builds have it: https://reproducible-builds.org/specs/source-date-epoch/
  const epochS = Number(process.env.SOURCE_DATE_EPOCH);
  const date = epochS > 0 && epochS < 1e11 ? new Date(epochS * 1000) : new Date();
  const created = date.toISOString().replace(/\.\d+Z$/, 'Z');
  const document = sbomFormats.get(format)!(analysis, { name: label, created });
  await writePieces(output, [`${JSON.stringify(document, undefined, 2)}\n`]);
}

async function show(
  analysis: ImageAnalysis,
  { label, most, flags }: { label: string; most: number; flags: AnalyzeFlags },
): Promise<void> {
  const lines = await linesOf(analysis, flags);
  if (flags.interactive ?? canInteract()) {
    const settings = await readViewSettings();
    const state = viewState(analysis, { label, lines, settings });
    return runView(state, { input: process.stdin, output: process.stdout });
  }
  const columns = process.stdout.columns ?? 160;
  process.stdout.write(renderAnalysis(analysis, { label, most, columns, lines }));
}

async function linesOf({ config }: ImageAnalysis, { file, target }: AnalyzeFlags) {
  if (file === undefined) return undefined;
  const dockerfile = parseDockerfile(await readFile(file), { fileName: file });
  return dockerfileLines(dockerfile, config.history ?? [], target);
}

/** Exits as dive does: with 1 when a rule fails, and when the rules themselves are wrong. */
async function judgeImage({ efficiency }: ImageAnalysis, flags: AnalyzeFlags): Promise<void> {
  const { lowestEfficiency, highestWastedBytes, highestUserWastedPercent } = flags;
  const given = { lowestEfficiency, highestWastedBytes, highestUserWastedPercent };
  try {
    const { settings, found } = await readCiRules(flags.ciConfig, given);
    const source = found ? `CI config: ${printable(flags.ciConfig)}` : 'default CI config';
    const results = judge(efficiency, settings);
    process.stdout.write(`  Using ${source}\n${renderVerdict(efficiency, results)}`);
    if (results.some(({ status }) => status === 'FAIL')) process.exitCode = 1;
  } catch (error) {
    if (errorKind(error) !== 'invalid') throw error;
    process.stderr.write(`berth: ${printable(errorMessage(error))}\n`);
    process.exitCode = 1;
  }
}

function canInteract(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true;
}

/** What Go's ParseBool takes for true, as dive reads it. */
function isCi(): boolean {
  return /^(1|t|true)$/i.test(process.env.CI ?? '');
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid(`analyze: --most ${text} is not a number`);
  return Number(text);
}
