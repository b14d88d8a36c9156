import { invalid } from '../core/index.ts';
import { isSpace } from './space.ts';

/** What was read of a word, and the words it splits into. */
export interface Piece {
  readonly text: string;
  readonly words: readonly string[];
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** The most characters of a result; variables that double each other would fill the memory. */
const maxLength = 1 << 20;

/** White space or what might be; `isSpace` decides. */
const hasSpace = /[\s\u0085]/;

/** Puts the result of an expansion together. Throws `invalid` when it grows beyond measure. */
export function wordCollector() {
  const words: string[] = [];
  const spans: { start: number; end: number }[] = [];
  let text = '';
  let word = '';
  let start = -1;
  const addProtected = (piece: string, at: number): void => {
    if (start < 0) start = at;
    text += piece;
    word += piece;
    if (text.length > maxLength) {
      throw invalid(`result is longer than ${maxLength} characters`);
    }
  };
  const endWord = (at: number): void => {
    if (word !== '') {
      words.push(word);
      spans.push({ start, end: at });
    }
    word = '';
    start = -1;
  };
  return {
    addProtected,
    /** Adds a piece whose white space ends words. */
    add(piece: string, at: number): void {
      if (!hasSpace.test(piece)) {
        addProtected(piece, at);
        return;
      }
      for (const character of piece) {
        if (!isSpace(character.charCodeAt(0))) addProtected(character, at);
        else {
          endWord(at);
          text += character;
        }
      }
    },
    finish(at: number): Piece {
      endWord(at);
      return { text, words, spans };
    },
  };
}
