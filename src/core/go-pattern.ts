import { createRequire } from 'node:module';
import type * as Re2js from 're2js';
import { invalid } from './errors.ts';

/** A client's regular expression. */
export interface GoPattern {
  /** Whether it matches anywhere in the text; takes time in proportion to its length. */
  test(text: string): boolean;
}

/** Letters, between anchors or not: they mean the same to every engine. */
const plain = /^\^?[\w /:@,=-]*\$?$/;
const longestPattern = 1000;
const require = createRequire(import.meta.url);

/**
 * Compiles a regular expression in Go's syntax, which is Docker's. JavaScript's own engine could be
 * kept busy for years by a short one. Throws `invalid` on what is no such expression.
 */
export function compileGoPattern(text: string): GoPattern {
  if (text.length > longestPattern) {
    throw invalid(`compile pattern: ${text.length} characters, more than ${longestPattern}`);
  }
  if (plain.test(text)) return new RegExp(text);
  // Loaded when first needed, as most patterns are plain names.
  const { RE2JS } = require('re2js') as typeof Re2js;
  try {
    const compiled = RE2JS.compile(text);
    return { test: (subject) => compiled.test(subject) };
  } catch (cause) {
    throw invalid(`compile pattern "${text}": ${(cause as Error).message}`, { cause });
  }
}
