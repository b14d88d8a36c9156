import { invalid, isDigest } from '../../../core/index.ts';
import type { AddInstruction, CopyInstruction } from '../../../dockerfile/index.ts';
import { isHttpAddress, parseGitAddress, withoutLogins } from '../../context/git-address.ts';
import type { CopyAction, CopySource } from '../actions.ts';
import { parseCopyMode } from '../copy-mode.ts';
import { fromWorkingDirectory } from '../paths.ts';
import type { StageState } from '../stage-state.ts';
import type { Origin } from '../stages.ts';

/** COPY and ADD, their variables replaced. Throws `invalid` in BuildKit's words. */
export function planCopy(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  origins: ReadonlyMap<string, Origin>,
): { action: CopyAction; history: string } {
  const { link, excludes, inlineSources } = instruction;
  const isAdd = instruction.kind === 'add';
  const paths = instruction.sources.map(({ text }) => text);
  const written = instruction.destination.text;
  const owner = instruction.chown?.text;
  const modeText = instruction.chmod?.text;
  const sources = isAdd
    ? addSources(instruction, paths)
    : copySources(paths, instruction.from && origins.get(instruction.from.text));
  const action: CopyAction = {
    kind: 'copy',
    name: isAdd ? 'ADD' : 'COPY',
    sources: [...sources, ...inlineSources.map(inlineSource)],
    destination: fromWorkingDirectory(state.image.config.WorkingDir, written),
    owner: owner || undefined,
    mode: modeText ? parseCopyMode(modeText) : undefined,
    modeText: modeText || undefined,
    link,
    parents: !isAdd && instruction.parents,
    excludes: excludes.map(({ text }) => text),
  };
  const words = [
    action.name,
    ...(action.parents ? ['--parents'] : []),
    ...(owner ? [`--chown=${owner}`] : []),
    ...(modeText ? [`--chmod=${modeText}`] : []),
    ...paths.map(withoutLogins),
    ...inlineSources.map(({ name }) => `<<${name}`),
    written,
  ];
  return { action, history: `${words.join(' ')} # buildkit` };
}

function copySources(paths: readonly string[], origin: Origin | undefined): CopySource[] {
  return paths.map((path) => {
    const git = parseGitAddress(path);
    if (git && !git.looksLocal) throw invalid("source can't be a git ref for COPY");
    if (isHttpAddress(path)) throw invalid("source can't be a URL for COPY");
    return { kind: 'path', origin: origin ?? { kind: 'main-context' }, path, unpack: false };
  });
}

function addSources(instruction: AddInstruction, paths: readonly string[]): CopySource[] {
  const checksum = instruction.checksum?.text;
  if (checksum && paths.length !== 1) {
    throw invalid("checksum can't be specified for multiple sources");
  }
  const { keepGitDir, unpack } = instruction;
  return paths.map((path) => {
    const git = parseGitAddress(path);
    if (git && !git.looksLocal) return gitSource(path, { ...git, wanted: checksum, keepGitDir });
    if (isHttpAddress(path)) {
      if (checksum) checkChecksum(checksum);
      return { kind: 'http', url: path, checksum, unpack: unpack ?? false };
    }
    if (checksum) throw invalid('checksum requires HTTP(S) or Git sources');
    return { kind: 'path', origin: { kind: 'main-context' }, path, unpack: unpack ?? true };
  });
}

/** Throws `invalid` in BuildKit's words. */
function checkChecksum(text: string): void {
  if (!/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(text)) {
    throw invalid(`invalid checksum digest format: ${JSON.stringify(text)}`);
  }
  if (!/^sha(?:256|512):/.test(text)) {
    throw invalid(`unsupported digest algorithm: ${JSON.stringify(text)}`);
  }
  if (!isDigest(text)) throw invalid(`invalid checksum digest length: ${JSON.stringify(text)}`);
}

function gitSource(
  address: string,
  options: {
    checksum: string | undefined;
    wanted: string | undefined;
    keepGitDir: boolean | undefined;
  },
): CopySource {
  const own = parseGitAddress(address)!;
  const { wanted, keepGitDir } = options;
  if (keepGitDir !== undefined && own.keepGitDir !== undefined && keepGitDir !== own.keepGitDir) {
    throw invalid('inconsistent keep-git-dir configuration');
  }
  if (wanted && own.checksum && wanted !== own.checksum) {
    throw invalid(`checksum mismatch ${JSON.stringify(wanted)} != ${JSON.stringify(own.checksum)}`);
  }
  return {
    kind: 'git',
    address,
    checksum: wanted ?? own.checksum,
    keepGitDir: own.keepGitDir ?? keepGitDir ?? false,
  };
}

function inlineSource({ name, content }: { name: string; content: string }): CopySource {
  return { kind: 'inline', name, content };
}
