import type { BuildEvent, BuildOutline, OutlineTarget } from '../../../build/index.ts';
import { unsupported } from '../../../core/index.ts';
import { exportersOf } from './exporters.ts';
import type { FrontendCall } from './frontend-attributes.ts';
import { lintReport } from './lint-report.ts';
import { type RunOptions, runCall } from './run-build.ts';
import { alignedColumns } from './text-table.ts';

/** Questions about a Dockerfile that are answered here (BuildKit, frontend/subrequests). */
const questions = [
  {
    name: 'frontend.outline',
    description: 'List all parameters current build target supports',
    opts: [{ name: 'target', description: 'Target build stage' }],
  },
  {
    name: 'frontend.targets',
    description: 'List all targets current build supports',
    opts: [],
  },
  {
    name: 'frontend.subrequests.describe',
    description: 'List available subrequest types',
    opts: null,
  },
];

const version = '1.0.0';

/**
 * Answers a question about a Dockerfile as the frontend's metadata, in JSON and as text. Throws
 * `unsupported` for what is not answered.
 */
export async function answerQuestion(
  call: FrontendCall,
  options: Omit<RunOptions, 'exporters'>,
): Promise<Map<string, Uint8Array>> {
  switch (call.subrequest) {
    case 'frontend.lint':
      return lintReport(call, options);
    case 'frontend.outline':
      return answerOf(outlineReport(await described(call, 'outline', options)));
    case 'frontend.targets':
      return answerOf(targetsReport(await described(call, 'targets', options)));
    case 'frontend.subrequests.describe':
      return answerOf(questionsReport());
    default:
      throw unsupported(
        `unsupported request ${call.subrequest}: unsupported request ${call.subrequest}`,
      );
  }
}

interface Report {
  readonly json: unknown;
  readonly text: string;
}

function answerOf({ json, text }: Report): Map<string, Uint8Array> {
  return new Map([
    ['result.json', Buffer.from(JSON.stringify(json, undefined, 2))],
    ['result.txt', Buffer.from(text)],
    ['version', Buffer.from(version)],
  ]);
}

type Description<Kind> = Extract<BuildEvent, { kind: Kind }>;

async function described<Kind extends 'outline' | 'targets'>(
  call: FrontendCall,
  what: Kind,
  options: Omit<RunOptions, 'exporters'>,
): Promise<Description<Kind>> {
  let found: Description<Kind> | undefined;
  const onEvent = (event: BuildEvent) => {
    if (event.kind === what) found = event as Description<Kind>;
  };
  const exporters = exportersOf([]);
  await using _ = await runCall(call, { ...options, exporters, onEvent, describeOnly: what });
  return found!;
}

function outlineReport({ outline, source }: Description<'outline'>): Report {
  const { name, description, args, secrets, ssh } = outline;
  const mounts = (all: BuildOutline['ssh']) =>
    all.map(({ name, required, ...lines }) => ({
      name,
      ...(required && { required }),
      location: locationOf(lines),
    }));
  const json = {
    ...(name && { name }),
    ...(description && { description }),
    ...(args.length > 0 && {
      args: args.map(({ name, description, value, ...lines }) => ({
        name,
        ...(description && { description }),
        ...(value && { value }),
        location: locationOf(lines),
      })),
    }),
    ...(secrets.length > 0 && { secrets: mounts(secrets) }),
    ...(ssh.length > 0 && { ssh: mounts(ssh) }),
    sources: [base64(source)],
  };
  const required = (all: BuildOutline['ssh']) =>
    all.map((one) => [one.name, one.required ? 'true' : '']);
  const target = [
    ...(name || description ? [['TARGET:', name || '(default)']] : []),
    ...(description ? [['DESCRIPTION:', description]] : []),
  ];
  const values = args.map((arg) => [arg.name, arg.value, arg.description]);
  const text = [
    alignedColumns(target, 1),
    tableOf(['BUILD ARG', 'VALUE', 'DESCRIPTION'], values),
    tableOf(['SECRET', 'REQUIRED'], required(secrets)),
    tableOf(['SSH', 'REQUIRED'], required(ssh)),
  ];
  return { json, text: text.flatMap((part) => (part ? [`${part}\n`] : [])).join('') };
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : alignedColumns([head, ...rows], 3);
}

function targetsReport({ targets, source }: Description<'targets'>): Report {
  const json = {
    targets: targets.map(({ name, isDefault, description, base, platform, ...lines }) => ({
      ...(name && { name }),
      ...(isDefault && { default: true }),
      ...(description && { description }),
      base,
      ...(platform && { platform }),
      location: locationOf(lines),
    })),
    sources: [base64(source)],
  };
  const shown = ({ name, isDefault }: OutlineTarget) =>
    [name, isDefault ? '(default)' : ''].filter(Boolean).join(' ');
  const rows = targets.map((target) => [shown(target), target.description]);
  return { json, text: alignedColumns([['TARGET', 'DESCRIPTION'], ...rows], 1) };
}

function questionsReport(): Report {
  const metadata = ['result.json', 'result.txt'].map((name) => ({ name, description: '' }));
  const rest = { inputs: null, metadata, refs: null };
  const rows = questions.map(({ name, description }) => [
    name.replace('frontend.', ''),
    version,
    description,
  ]);
  return {
    json: questions.map(({ name, description, opts }) => ({
      ...{ name, version, type: 'rpc', description, opts },
      ...rest,
    })),
    text: alignedColumns([['NAME', 'VERSION', 'DESCRIPTION'], ...rows], 1),
  };
}

/** Each line of an instruction is a range of its own, as BuildKit has it. */
function locationOf({ line, endLine }: { line: number; endLine: number }) {
  const lines = Array.from({ length: endLine - line + 1 }, (_, index) => ({ line: line + index }));
  return { ranges: lines.map((start) => ({ start, end: start })) };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
