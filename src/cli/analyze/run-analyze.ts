import { readFile } from 'node:fs/promises';
import type { Connection } from '../../client/index.ts';
import { errorKind, errorMessage, formatSize } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { analyzeImage, compareImages, type ImageAnalysis } from '../../image/analysis/index.ts';
import type { Image } from '../../image/index.ts';
import { renderAnalysis, renderVerdict } from '../render/analysis.ts';
import { renderComparison } from '../render/comparison.ts';
import { printable } from '../render/table.ts';
import {
  type AnalyzeFlags,
  type AnalyzeRequest,
  parseRequest,
  sbomFormats,
} from './analyze-request.ts';
import type { LayerLines } from './attribution.ts';
import { readCiRules } from './ci-config.ts';
import { judge } from './ci-rules.ts';
import { readDiveConfig } from './dive-config.ts';
import { diveJson } from './dive-json.ts';
import { dockerfileLines } from './dockerfile-lines.ts';
import { extractFiles } from './extract-files.ts';
import { openTarget } from './open-target.ts';
import { comparisonJson, reportJson } from './report-json.ts';
import { runView } from './view/run-view.ts';
import { viewSettings } from './view/view-settings.ts';
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
  const request = parseRequest(flags, { connection, config: await readDiveConfig() });
  if (other !== undefined) return compare([image, other], request);
  await using target = await openTarget(image, request.open);
  const analysis = await analyzeImage(target.image);
  await report({ image: target.image, analysis, label: target.label }, request);
}

interface Subject {
  /** As long as its layers can still be read. */
  readonly image: Image;
  readonly analysis: ImageAnalysis;
  readonly label: string;
}

async function report(subject: Subject, request: AnalyzeRequest): Promise<void> {
  const { analysis, label } = subject;
  const { divePath, sbom, output, isJson, isJudged } = request;
  if (divePath !== undefined) await writePieces(divePath, diveJson(analysis));
  if (sbom !== undefined) {
    await writeDocument(output, sbomFormats[sbom](analysis, { name: label, created: timestamp() }));
  }
  if (isJson) {
    const lines = await linesOf(analysis, request);
    await writeDocument(output, reportJson(analysis, { label, lines }));
  }
  if (isJudged) await judgeImage(analysis, request);
  else if (divePath === undefined && sbom === undefined && !isJson) await show(subject, request);
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
    process.stdout.write(renderComparison(comparison, { labels: names, platforms, most }));
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
  const { analysis, label } = subject;
  const lines = await linesOf(analysis, request);
  if (request.isInteractive) return browse(subject, { request, lines });
  const columns = process.stdout.columns ?? 160;
  const { most } = request;
  process.stdout.write(renderAnalysis(analysis, { label, most, columns, lines }));
}

async function browse(
  { image, analysis, label }: Subject,
  { request, lines }: { request: AnalyzeRequest; lines: LayerLines },
): Promise<void> {
  const state = viewState(analysis, { label, lines, settings: viewSettings(request.config) });
  await runView(state, {
    input: process.stdin,
    output: process.stdout,
    async extract(path) {
      const { diff } = state;
      const nodeOf = (at: number) =>
        diff.kindOf(at) === 'absent' ||
        (diff.kindOf(at) === 'removed' && diff.kindOf(path) !== 'removed')
          ? undefined
          : diff.nodeOf(at);
      const done = await extractFiles(image, analysis, { path, nodeOf, folder: process.cwd() });
      const name = `/${analysis.tree.paths.pathOf(path)}`;
      return `${done.files} ${done.files === 1 ? 'file' : 'files'} of ${name} (${formatSize(done.sizeBytes)}) extracted to .${name}`;
    },
  });
}

async function linesOf(
  { config }: ImageAnalysis,
  { dockerfile }: AnalyzeRequest,
): Promise<LayerLines> {
  if (dockerfile === undefined) return undefined;
  const { path, target } = dockerfile;
  const parsed = parseDockerfile(await readFile(path), { fileName: path });
  return dockerfileLines(parsed, config.history ?? [], target);
}

/** Exits as dive does: with 1 when a rule fails, and when the rules themselves are wrong. */
async function judgeImage(
  { efficiency }: ImageAnalysis,
  { ciConfig, rules, config, isJson, output }: AnalyzeRequest,
): Promise<void> {
  try {
    const { settings, found } = await readCiRules(ciConfig, { flags: rules, config });
    const source = found ? `CI config: ${printable(ciConfig)}` : 'default CI config';
    const results = judge(efficiency, settings);
    // A document on standard output is not to be spoilt.
    const stream = isJson && output === '-' ? process.stderr : process.stdout;
    stream.write(`  Using ${source}\n${renderVerdict(efficiency, results)}`);
    if (results.some(({ status }) => status === 'FAIL')) process.exitCode = 1;
  } catch (error) {
    if (errorKind(error) !== 'invalid') throw error;
    process.stderr.write(`berth: ${printable(errorMessage(error))}\n`);
    process.exitCode = 1;
  }
}
