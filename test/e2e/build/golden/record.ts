/**
 * Writes what a real BuildKit makes of the cases: `record.ts [WORD…]`, with DOCKER_HOST a dockerd of
 * 23 or newer whose loopback this process shares, and `docker` (or DOCKER) a client with buildx.
 */
import {
  chmodSync,
  existsSync,
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
import { type GoldenCase, goldenCases } from './golden-case.ts';
import {
  errorOutcome,
  imageOutcome,
  type Outcome,
  serveWebFiles,
  type Warning,
} from './outcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-record-'));
const known: KnownImages = { stacks: [], histories: [] };
const contextTimeS = 1_600_000_000;

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
  const folders: string[] = [];
  for (const [path, spec] of Object.entries(files)) {
    const target = join(context, path);
    mkdirSync(dirname(target), { recursive: true });
    if (path.endsWith('/')) {
      mkdirSync(target, { recursive: true });
      folders.push(target);
      continue;
    }
    const given = typeof spec === 'string' || spec instanceof Uint8Array ? { content: spec } : spec;
    const { content } = given;
    if (typeof content === 'string' && content.startsWith('->')) {
      symlinkSync(content.slice(2), target);
      lutimesSync(target, contextTimeS, contextTimeS);
      continue;
    }
    writeFileSync(target, content);
    chmodSync(target, ('mode' in given && given.mode) || 0o644);
    utimesSync(target, contextTimeS, contextTimeS);
  }
  for (const path of folders) utimesSync(path, contextTimeS, contextTimeS);
  return context;
}

async function record(given: GoldenCase): Promise<Outcome> {
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

await using _web = await serveWebFiles();
try {
  // BuildKit takes a file for the one it was sent earlier where name, size and time are the same.
  await docker('buildx', 'prune', '-af');
  await base('base', busyboxDockerfile, rootFiles());
  const standard = await standardFiles();
  for (const [tag, dockerfile] of Object.entries(baseImages)) await base(tag, dockerfile, standard);
  for (const given of await goldenCases(process.argv.slice(2))) {
    const { file, text } = await record(given);
    for (const name of ['image.txt', 'error.txt']) {
      const path = join(given.folder, name);
      if (existsSync(path)) rmSync(path);
    }
    writeFileSync(join(given.folder, file), text);
    process.stdout.write(`${given.name}: ${file}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
