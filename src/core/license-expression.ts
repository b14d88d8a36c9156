import { createRequire } from 'node:module';

let known: ReadonlySet<string> | undefined;

/** The identifiers of the SPDX license list, read when first asked for. */
function identifiers(): ReadonlySet<string> {
  const require = createRequire(import.meta.url);
  const lists = ['spdx-license-ids', 'spdx-license-ids/deprecated'];
  known ??= new Set(lists.flatMap((name) => require(name) as string[]));
  return known;
}

/**
 * Whether the text is an SPDX license expression (SPDX 2.3, annex D): licenses of its list or
 * `LicenseRef-…`, joined by AND, OR and WITH, with parentheses that match.
 */
export function isLicenseExpression(text: string): boolean {
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  let depth = 0;
  let wantsLicense = true;
  for (const [index, word] of words.entries()) {
    if (wantsLicense) {
      if (word === '(') depth++;
      else if (isLicense(word)) wantsLicense = false;
      else return false;
    } else if (word === ')') {
      if (depth-- === 0) return false;
    } else if (word === 'AND' || word === 'OR') wantsLicense = true;
    else if (words[index - 1] === 'WITH') {
      if (!/^[A-Za-z0-9.-]+$/.test(word)) return false;
    } else if (word !== 'WITH' || !isLicense(words[index - 1]!)) return false;
  }
  return !wantsLicense && depth === 0 && words.at(-1) !== 'WITH';
}

function isLicense(word: string): boolean {
  return /^LicenseRef-[A-Za-z0-9.-]+$/.test(word) || identifiers().has(word.replace(/\+$/, ''));
}
