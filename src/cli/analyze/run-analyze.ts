import { readFile } from 'node:fs/promises';
import type { Connection } from '../../client/index.ts';
import { invalid } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { analyzeImage, type ImageAnalysis, parsePlatform } from '../../image/index.ts';
import { renderAnalysis, renderVerdict } from '../render/analysis.ts';
import { printable } from '../render/table.ts';
import { readCiRules } from './ci-config.ts';
import { judge } from './ci-rules.ts';
import { diveJson } from './dive-json.ts';
import { dockerfileLines } from './dockerfile-lines.ts';
import { openTarget } from './open-target.ts';
import { runView } from './view/run-view.ts';
import { readViewSettings } from './view/view-settings.ts';
import { viewState } from './view/view-state.ts';
import { writePieces } from './write-pieces.ts';

export interface AnalyzeFlags {
  readonly json?: string;
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

/** Analyzes an image and gives what was asked for; the exit code is 1 when a rule fails. */
export async function runAnalyze(
  target: string,
  flags: AnalyzeFlags,
  connection: Connection,
): Promise<void> {
  if (flags.interactive && !canInteract()) {
    throw invalid('analyze: the interactive view needs a terminal for both input and output');
  }
  const most = parseCount(flags.most);
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  await using opened = await openTarget(target, {
    connection,
    stdin: process.stdin,
    ...(platform && { platform }),
    ...(flags.name !== undefined && { name: flags.name }),
    onProgress: (line) => process.stderr.write(`${printable(line)}\n`),
  });
  const analysis = await analyzeImage(opened.image);
  if (flags.json !== undefined) await writePieces(flags.json, diveJson(analysis));
  if (flags.ci || (isCi() && flags.json === undefined)) await judgeImage(analysis, flags);
  else if (flags.json === undefined) {
    const lines = await linesOf(analysis, flags);
    const { label } = opened;
    if (flags.interactive ?? canInteract()) {
      const settings = await readViewSettings();
      const state = viewState(analysis, { label, lines, settings });
      return runView(state, { input: process.stdin, output: process.stdout });
    }
    const columns = process.stdout.columns ?? 160;
    process.stdout.write(renderAnalysis(analysis, { label, most, columns, lines }));
  }
}

async function linesOf({ config }: ImageAnalysis, { file, target }: AnalyzeFlags) {
  if (file === undefined) return undefined;
  const dockerfile = parseDockerfile(await readFile(file), { fileName: file });
  return dockerfileLines(dockerfile, config.history ?? [], target);
}

async function judgeImage({ efficiency }: ImageAnalysis, flags: AnalyzeFlags): Promise<void> {
  const { lowestEfficiency, highestWastedBytes, highestUserWastedPercent } = flags;
  const { settings, found } = await readCiRules(flags.ciConfig, {
    lowestEfficiency,
    highestWastedBytes,
    highestUserWastedPercent,
  });
  process.stdout.write(
    found ? `  Using CI config: ${printable(flags.ciConfig)}\n` : '  Using default CI config\n',
  );
  const results = judge(efficiency, settings);
  process.stdout.write(renderVerdict(efficiency, results));
  if (results.some(({ status }) => status === 'FAIL')) process.exitCode = 1;
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
