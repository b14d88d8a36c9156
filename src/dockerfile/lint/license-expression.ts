import { createRequire } from 'node:module';

let known: ReadonlySet<string> | undefined;

/** The identifiers of the SPDX license list, read when first asked for. */
function identifiers(): ReadonlySet<string> {
  const require = createRequire(import.meta.url);
  const lists = ['spdx-license-ids', 'spdx-license-ids/deprecated'];
  known ??= new Set(lists.flatMap((name) => require(name) as string[]));
  return known;
}

/** Whether the text is one SPDX license, or several joined by AND, OR, WITH and parentheses. */
export function isLicenseExpression(text: string): boolean {
  const words = text
    .replace(/[()]/g, ' ')
    .split(' ')
    .filter((word) => word !== '');
  if (words.length % 2 === 0) return false;
  return words.every((word, index) => {
    if (index % 2 === 1) return /^(?:AND|OR|WITH)$/.test(word);
    if (words[index - 1] === 'WITH') return /^[A-Za-z0-9.-]+$/.test(word);
    return /^LicenseRef-[A-Za-z0-9.-]+$/.test(word) || identifiers().has(word.replace(/\+$/, ''));
  });
}
