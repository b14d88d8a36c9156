import type { BuildEvent } from '../../../build/index.ts';
import { errorMessage } from '../../../core/index.ts';
import { exportersOf } from './exporters.ts';
import { linesOf } from './failure-status.ts';
import type { FrontendCall } from './frontend-attributes.ts';
import { CallFailure, type RunOptions, runCall } from './run-build.ts';
import { ruleUrl } from './trace-build.ts';

type Warning = Extract<BuildEvent, { kind: 'warning' }>;

/**
 * What the checks find, as the frontend's metadata: `frontend.lint` is what `docker build --check`
 * asks (BuildKit, frontend/subrequests/lint).
 */
export async function lintReport(
  call: FrontendCall,
  options: Omit<RunOptions, 'exporters'>,
): Promise<Map<string, Uint8Array>> {
  const warnings: Warning[] = [];
  const onEvent = (event: BuildEvent) => {
    if (event.kind === 'warning') warnings.push(event);
  };
  const none = exportersOf([]);
  let source: { filename: string; data: Uint8Array } | undefined;
  let failure: unknown;
  try {
    await using built = await runCall(call, {
      ...options,
      exporters: none,
      onEvent,
      checkOnly: true,
    });
    ({ source } = built);
  } catch (error) {
    if (!(error instanceof CallFailure) || !error.source) throw error;
    ({ source, cause: failure } = error);
  }
  const results = resultsOf(warnings, { source, failure });
  const text = textOf(results, source?.data);
  const statusCode = warnings.length > 0 || failure !== undefined ? '1' : '0';
  return new Map(
    Object.entries({
      'result.json': JSON.stringify(results, undefined, 2),
      'result.txt': text,
      'result.statuscode': statusCode,
      version: '1.0.0',
    }).map(([name, value]) => [name, Buffer.from(value)]),
  );
}

function locationOf(lines: { first: number; last: number } | undefined) {
  if (!lines) return { sourceIndex: -1 };
  return { ranges: [{ start: { line: lines.first }, end: { line: lines.last } }] };
}

function resultsOf(
  warnings: readonly Warning[],
  {
    source,
    failure,
  }: { source: { filename: string; data: Uint8Array } | undefined; failure: unknown },
) {
  const data = source && Buffer.from(source.data).toString('base64');
  return {
    warnings: warnings.map(({ code, message, detail, line }) => ({
      ruleName: code,
      description: detail ?? '',
      url: ruleUrl(code) ?? '',
      detail: message,
      location: locationOf(line ? { first: line, last: line } : undefined),
    })),
    sources: source ? [{ filename: source.filename, language: 'Dockerfile', data }] : [],
    ...(failure !== undefined && {
      buildError: { message: errorMessage(failure), location: locationOf(linesOf(failure)) },
    }),
  };
}

function textOf(
  { warnings, buildError }: ReturnType<typeof resultsOf>,
  data: Uint8Array | undefined,
): string {
  const lines = data ? Buffer.from(data).toString().split('\n') : [];
  const shown = warnings.map(({ ruleName, url, detail, location }) => {
    const line = location.ranges?.[0]?.start.line;
    const place = line ? `Dockerfile:${line}\n  ${line} | >>> ${lines[line - 1] ?? ''}\n` : '';
    return `\nWARNING: ${ruleName}${url ? ` - ${url}` : ''}\n${detail}\n${place}`;
  });
  return shown.join('') + (buildError ? `\n${buildError.message}\n` : '');
}
