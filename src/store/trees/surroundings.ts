import { digestXattrs } from '../../image/index.ts';
import {
  cwdFd,
  type FileStat,
  isDirectory,
  isSymlink,
  readlinkAt,
  systemError,
} from '../../linux/index.ts';
import { readXattrsOf } from '../files/layer-xattrs.ts';
import { type Found, layerStack } from '../layers/layer-stack.ts';

/**
 * What a copy found in the layers below the one it made, at each path it looked at, in order: all
 * that its result depends on besides what is copied. Another stack that answers the same would have
 * given the same layer. Texts for others to keep; those of copies into one layer may be put together.
 */
export type Surroundings = readonly string[];

type Note = readonly [path: string, question: Question, answer: string];

/**
 * `look` asks for everything that shows in the layer, `mode` leaves the time out (that of the root is
 * in no layer), `kind` asks only whether it is a directory.
 */
export type Question = 'look' | 'mode' | 'kind';

/** A copy that looked at more paths is only good for the stack it was made on. */
const mostQuestions = 400;

/** Notes what is asked about a stack while files are copied onto it. */
export class SurroundingsNotes {
  readonly #upperPath: string;
  readonly #notes: Note[] = [];

  /** `lowerPaths` are the layers below the upper directory, the topmost first. */
  constructor(upperPath: string, lowerPaths: readonly string[]) {
    this.#upperPath = upperPath;
    // The upper directory's root looks as the stack's: it was made so.
    this.#notes.push(['', 'mode', answerOf(layerStack(lowerPaths).lookup(''), '', 'mode')]);
  }

  add(path: string, question: Question, found: Found | undefined): void {
    if (this.#notes.length > mostQuestions) return;
    // What this copy put there itself follows from what was noted before.
    if (found?.layerPath === this.#upperPath) return;
    this.#notes.push([path, question, answerOf(found, path, question)]);
  }

  /** Undefined where there is too much to tell. */
  all(): Surroundings | undefined {
    return this.#notes.length > mostQuestions
      ? undefined
      : this.#notes.map((note) => JSON.stringify(note));
  }
}

/** Whether a copy would find the same in a stack of layers, the topmost first. */
export function findsSame(layerPaths: readonly string[], surroundings: Surroundings): boolean {
  const stack = layerStack(layerPaths);
  // In order: that a path can be asked for at all follows from the answers before.
  return surroundings.every((text) => {
    const [path, question, answer] = JSON.parse(text) as Note;
    return answerOf(stack.lookup(path), path, question) === answer;
  });
}

function answerOf(found: Found | undefined, path: string, question: Question): string {
  const isFolder = found !== undefined && isDirectory(found.stat);
  if (question === 'kind') return isFolder ? 'directory' : 'other';
  if (!found) return 'nothing';
  const real = path === '' ? found.layerPath : `${found.layerPath}/${path}`;
  if (isSymlink(found.stat)) return `link ${targetOf(real)}`;
  return isFolder ? directoryText(found.stat, real, question) : 'other';
}

function directoryText({ mode, uid, gid, mtimeNs }: FileStat, real: string, question: Question) {
  const xattrs = digestXattrs(readXattrsOf(real)) ?? '';
  const time = question === 'look' ? mtimeNs : '';
  return `directory ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${time} ${xattrs}`;
}

function targetOf(path: string): string {
  const target = readlinkAt(cwdFd, path);
  if (typeof target === 'number') throw systemError(target, 'readlinkat', path);
  return target;
}
