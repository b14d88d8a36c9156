import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openTarFiles, readImages } from '../../../../src/image/index.ts';
import { capture, type Result } from '../../harness/daemon.ts';
import { busyboxDockerfile, type Files } from '../workshop.ts';
import { baseImages, rootFiles, standardFiles } from './case-files.ts';
import { describeImage, type KnownImages, remember } from './describe-image.ts';
import type { GoldenCase } from './golden-case.ts';
import { errorOutcome, imageOutcome, type Outcome, type Warning } from './outcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-record-'));
const known: KnownImages = { stacks: [], histories: [] };
const contextTimeS = 1_600_000_000;

/** Removes what asking left on the disk. */
export function forgetBuildkit(): void {
  rmSync(folder, { recursive: true });
}

/** Builds the images that cases stand on. */
export async function prepareBuildkit(): Promise<void> {
  // BuildKit takes a file for the one it was sent earlier where name, size and time are the same.
  await docker('buildx', 'prune', '-af');
  await base('base', busyboxDockerfile, rootFiles());
  const standard = await standardFiles();
  for (const [tag, dockerfile] of Object.entries(baseImages)) await base(tag, dockerfile, standard);
}

function docker(...args: string[]): Promise<Result> {
  return capture(process.env.DOCKER ?? 'docker', args, { env: process.env });
}

async function withArchive<T>(
  tag: string,
  use: (image: Awaited<ReturnType<typeof readImages>>[number]) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'image.tar');
  const saved = await docker('save', '-o', path, tag);
  if (saved.code !== 0) throw new Error(saved.stderr);
  const files = await openTarFiles(path, { spoolDirectory: folder });
  const [image] = await readImages(files);
  return await use(image!);
}

async function base(tag: string, dockerfile: string, files: Files): Promise<void> {
  const context = writeContext(`base-${tag}`, { ...files, Dockerfile: dockerfile });
  const built = await docker('buildx', 'build', '--network=none', '-t', tag, context);
  if (built.code !== 0) throw new Error(built.stderr);
  await withArchive(tag, ({ source }) => remember(known, source));
}

function writeContext(name: string, files: Files): string {
  const context = join(folder, name);
  mkdirSync(context);
  const folders: [path: string, mode: number, timeS: number][] = [];
  for (const [path, spec] of Object.entries(files)) {
    const target = join(context, path);
    mkdirSync(dirname(target), { recursive: true });
    const given = typeof spec === 'string' || spec instanceof Uint8Array ? { content: spec } : spec;
    const { content, mode, mtimeS = contextTimeS } = { mode: undefined, ...given };
    if (path.endsWith('/')) {
      mkdirSync(target, { recursive: true });
      folders.push([target, mode ?? 0o755, mtimeS]);
      continue;
    }
    if (typeof content === 'string' && content.startsWith('->')) {
      symlinkSync(content.slice(2), target);
      lutimesSync(target, mtimeS, mtimeS);
      continue;
    }
    if (typeof content === 'string' && content.startsWith('=>')) {
      linkSync(join(context, content.slice(2)), target);
      continue;
    }
    writeFileSync(target, content);
    chmodSync(target, mode ?? 0o644);
    utimesSync(target, mtimeS, mtimeS);
  }
  for (const [path, mode, timeS] of folders) {
    chmodSync(path, mode);
    utimesSync(path, timeS, timeS);
  }
  return context;
}

/** What the BuildKit of `DOCKER_HOST` makes of a case, asked with the client that `DOCKER` names. */
export async function askBuildkit(given: GoldenCase): Promise<Outcome> {
  const { name, files, options, dockerfileName } = given;
  const context = writeContext(name, files);
  const args = ['buildx', 'build', '--progress=rawjson', '--provenance=false', '--network=none'];
  args.push('--no-cache', '-t', 'case', '-f', join(context, dockerfileName));
  const each = (flag: string, pairs: Readonly<Record<string, string>> = {}) => {
    for (const [key, value] of Object.entries(pairs)) args.push(flag, `${key}=${value}`);
  };
  each('--build-arg', options.buildArgs);
  each('--label', options.labels);
  for (const [id, secret] of Object.entries(options.secrets ?? {})) {
    writeFileSync(join(folder, `secret-${id}`), secret);
    args.push('--secret', `id=${id},src=${join(folder, `secret-${id}`)}`);
  }
  for (const [id, source] of Object.entries(options.contexts ?? {})) {
    const place =
      typeof source === 'string'
        ? `docker-image://${source}`
        : writeContext(`${name}-${id.replaceAll('/', '_')}`, source);
    args.push('--build-context', `${id}=${place}`);
  }
  if (options.target !== undefined) args.push('--target', options.target);
  if (options.platform !== undefined) args.push('--platform', options.platform);
  for (const allowed of options.allow ?? []) args.push('--allow', allowed);
  const { code, stderr } = await docker(...args, context);
  const warnings = warningsOf(stderr);
  if (code !== 0) return errorOutcome(errorOf(stderr), warnings);
  const description = await withArchive('case', ({ source }) => describeImage(source, known));
  return imageOutcome(description, warnings);
}

/** From the lines of `--progress=rawjson`; what it prints in plain leaves some out. */
function warningsOf(output: string): Warning[] {
  return output.split('\n').flatMap((line): Warning[] => {
    if (!line.startsWith('{') || !line.includes('"warnings":')) return [];
    const { warnings = [] } = JSON.parse(line) as { warnings?: { short: string }[] };
    return warnings.map(({ short }) => {
      const text = Buffer.from(short, 'base64').toString();
      const [, code = '', message = text, at] = warningText.exec(text) ?? [];
      return { code, message, line: at ? +at : undefined };
    });
  });
}

const warningText = /^(\w+): (.*?)(?: \(line (\d+)\))?$/;

function errorOf(output: string): { message: string; line: number | undefined } {
  const found = /^ERROR: (?:failed to build: )?(?:failed to solve: )?([\s\S]*)$/m.exec(output);
  const line = /^[^\n:]+:(\d+)\n-{20}$/m.exec(output)?.[1];
  const message = (found?.[1] ?? output)
    .trim()
    .replace(/failed to calculate checksum of ref \S+: /, '')
    // What this machine's network says of it is no matter.
    .replace(/(: failed to resolve source metadata for \S+): [\s\S]*$/, '$1')
    // Places of its own that a message leaks.
    .replace(/\/\S+\/merged(?=\/)/, '');
  return { message, line: line ? +line : undefined };
}
