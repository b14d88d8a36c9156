import { readFile } from 'node:fs/promises';
import type { Connection } from '../../client/index.ts';
import { errorKind, errorMessage, formatSize } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import {
  analyzeImage,
  compareImages,
  type ImageAnalysis,
  type LayerDiff,
} from '../../image/analysis/index.ts';
import type { HistoryEntry, Image } from '../../image/index.ts';
import { renderAnalysis, renderVerdict } from '../render/analysis.ts';
import { renderComparison } from '../render/comparison.ts';
import { printable } from '../render/table.ts';
import {
  type AnalyzeFlags,
  type AnalyzeRequest,
  parseRequest,
  refuseForTwo,
  sbomFormats,
} from './analyze-request.ts';
import type { LayerLines } from './attribution.ts';
import { readCiRules } from './ci-config.ts';
import { judge, parseRules } from './ci-rules.ts';
import { readDiveConfig } from './dive-config.ts';
import { diveJson } from './dive-json.ts';
import { dockerfileLines } from './dockerfile-lines.ts';
import { extractFiles } from './extract-files.ts';
import { openTarget } from './open-target.ts';
import { comparisonJson, reportJson } from './report-json.ts';
import { runView } from './view/run-view.ts';
import type { ViewSettings } from './view/view-settings.ts';
import { viewState } from './view/view-state.ts';
import { writePieces } from './write-pieces.ts';

/**
 * Analyzes an image and gives what was asked for, or compares two; the exit code is 1 when a rule
 * fails. What is wrong with the flags is said before an image is read.
 */
export async function runAnalyze(
  { image, other }: { image: string; other: string | undefined },
  flags: AnalyzeFlags,
  connection: Connection,
): Promise<void> {
  if (other !== undefined) refuseForTwo(flags);
  const request = parseRequest(flags, { connection, config: await readDiveConfig() });
  if (other !== undefined) return compare([image, other], request);
  const giveVerdict = request.isJudged ? await openJudge(request) : undefined;
  if (request.isJudged && !giveVerdict) return;
  const linesOf = await openDockerfile(request);
  await using target = await openTarget(image, request.open);
  const analysis = await analyzeImage(target.image);
  const lines = linesOf(analysis.config.history ?? []);
  await report({ image: target.image, analysis, label: target.label, lines }, request);
  giveVerdict?.(analysis);
}

interface Subject {
  /** As long as its layers can still be read. */
  readonly image: Image;
  readonly analysis: ImageAnalysis;
  readonly label: string;
  readonly lines: LayerLines;
}

async function report(subject: Subject, request: AnalyzeRequest): Promise<void> {
  const { analysis, label, lines } = subject;
  const { divePath, sbom, output, isJson, isJudged, isWritten } = request;
  if (divePath !== undefined) await writePieces(divePath, diveJson(analysis));
  if (sbom !== undefined) {
    await writeDocument(output, sbomFormats[sbom](analysis, { name: label, created: timestamp() }));
  }
  if (isJson) await writeDocument(output, reportJson(analysis, { label, lines }));
  if (!isWritten && !isJudged) await show(subject, request);
}

async function compare(names: readonly [string, string], request: AnalyzeRequest): Promise<void> {
  const { most, isJson, output } = request;
  const [before, after] = [
    await analyzed(names[0], request),
    await analyzed(names[1], request),
  ] as const;
  const analyses = [before.analysis, after.analysis] as const;
  const comparison = compareImages(...analyses, { most: isJson ? Number.MAX_SAFE_INTEGER : most });
  if (isJson) {
    await writeDocument(output, comparisonJson(comparison, [before, after]));
  } else {
    const platforms = analyses.map(({ config }) => config);
    await writePieces(output, [renderComparison(comparison, { labels: names, platforms, most })]);
  }
}

async function analyzed(
  name: string,
  { open }: AnalyzeRequest,
): Promise<Pick<Subject, 'analysis' | 'label'>> {
  await using target = await openTarget(name, open);
  return { analysis: await analyzeImage(target.image), label: target.label };
}

async function writeDocument(path: string, document: object): Promise<void> {
  await writePieces(path, [`${JSON.stringify(document, undefined, 2)}\n`]);
}

/** As reproducible builds have it: https://reproducible-builds.org/specs/source-date-epoch/ */
function timestamp(): string {
  const epochS = Number(process.env.SOURCE_DATE_EPOCH);
  const date = epochS > 0 && epochS < 1e11 ? new Date(epochS * 1000) : new Date();
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

async function show(subject: Subject, request: AnalyzeRequest): Promise<void> {
  if (request.view) return browse(subject, request.view);
  const { analysis, label, lines } = subject;
  const columns = process.stdout.columns ?? 160;
  const { most, output } = request;
  await writePieces(output, [renderAnalysis(analysis, { label, most, columns, lines })]);
}

async function browse(subject: Subject, settings: ViewSettings): Promise<void> {
  const { analysis, label, lines } = subject;
  const state = viewState(analysis, { label, lines, settings });
  await runView(state, {
    input: process.stdin,
    output: process.stdout,
    extract: (path) => extractShown(subject, state.diff, path),
  });
}

/** Writes what the view shows at a path; what a layer removed only when that itself is asked for. */
async function extractShown(
  { image, analysis }: Subject,
  diff: LayerDiff,
  path: number,
): Promise<string> {
  const isGone = diff.kindOf(path) === 'removed';
  const nodeOf = (at: number) => {
    const kind = diff.kindOf(at);
    return kind === 'absent' || (kind === 'removed' && !isGone) ? undefined : diff.nodeOf(at);
  };
  const { files, sizeBytes } = await extractFiles(image, analysis, {
    path,
    nodeOf,
    folder: process.cwd(),
  });
  const name = `/${analysis.tree.paths.pathOf(path)}`;
  const what = `${files} ${files === 1 ? 'file' : 'files'} of ${name}`;
  return `${what} (${formatSize(sizeBytes)}) extracted to .${name}`;
}

/** Reads the Dockerfile, so that its faults are told before an image is read. */
async function openDockerfile({
  dockerfile,
}: AnalyzeRequest): Promise<(history: readonly HistoryEntry[]) => LayerLines> {
  if (dockerfile === undefined) return () => undefined;
  const { path, target } = dockerfile;
  const parsed = parseDockerfile(await readFile(path), { fileName: path });
  dockerfileLines(parsed, [], target);
  return (history) => dockerfileLines(parsed, history, target);
}

/**
 * Reads the rules. Rules that are wrong end with 1 as an image that fails does, as in dive; then
 * there is no judge.
 */
async function openJudge({
  ciConfig,
  rules: flags,
  config,
  isJson,
  sbom,
  output,
}: AnalyzeRequest): Promise<((analysis: ImageAnalysis) => void) | undefined> {
  try {
    const { settings, found } = await readCiRules(ciConfig, { flags, config });
    const rules = parseRules(settings);
    const source = found ? `CI config: ${printable(ciConfig)}` : 'default CI config';
    // A document on standard output is not to be spoilt.
    const isDocument = isJson || sbom !== undefined;
    const stream = isDocument && output === '-' ? process.stderr : process.stdout;
    return ({ efficiency }) => {
      const results = judge(efficiency, rules);
      stream.write(`  Using ${source}\n${renderVerdict(efficiency, results)}`);
      if (results.some(({ status }) => status === 'FAIL')) process.exitCode = 1;
    };
  } catch (error) {
    if (errorKind(error) !== 'invalid') throw error;
    process.stderr.write(`berth: ${printable(errorMessage(error))}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
