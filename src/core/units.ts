import { invalid } from './errors.ts';

const binary: Record<string, number> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** Bytes from Docker's notation, in which `k`, `kb` and `kib` all mean 1024. Throws `invalid`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp])?(?:i?b)?$/i.exec(text.trim());
  const factor = binary[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN;
  const sizeBytes = Math.floor(Number(match?.[1]) * factor);
  if (!Number.isSafeInteger(sizeBytes)) throw invalid(`parse size: invalid size: '${text}'`);
  return sizeBytes;
}

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Three significant digits with decimal units, as Docker prints sizes: `71.5kB`, `1.23GB`. */
export function formatSize(sizeBytes: number, digits = 3): string {
  let value = sizeBytes;
  let unit = 0;
  const rounded = () => Number(value.toPrecision(digits));
  while (rounded() >= 1000 && unit < decimalUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${rounded()}${decimalUnits[unit]}`;
}

const durationUnits: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds from Go's notation, such as `1h30m` or `1.5s`. Throws `invalid`. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  let totalMs = 0;
  let rest = text;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (!match) throw invalid(`parse duration: invalid duration "${text}"`);
    totalMs += Number(match[1]) * durationUnits[match[2]!]!;
    rest = rest.slice(match[0].length);
  }
  if (text === '') throw invalid('parse duration: invalid duration ""');
  return totalMs;
}
