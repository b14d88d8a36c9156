import { invalid } from '../../core/index.ts';
import type { Efficiency } from '../../image/analysis/index.ts';

export const ruleNames = [
  'highestUserWastedPercent',
  'highestWastedBytes',
  'lowestEfficiency',
] as const;
export type RuleName = (typeof ruleNames)[number];

/** A threshold for each rule as the user writes it, or `disabled`. */
export type RuleSettings = Readonly<Record<RuleName, string>>;

/** dive's own. */
export const defaultRules: RuleSettings = {
  lowestEfficiency: '0.9',
  highestWastedBytes: 'disabled',
  highestUserWastedPercent: '0.1',
};

export interface RuleResult {
  readonly rule: RuleName;
  readonly status: 'PASS' | 'FAIL' | 'SKIP';
  readonly message: string;
}

/** A rule with its threshold; one without a check is disabled. */
export interface Rule {
  readonly name: RuleName;
  readonly check: Check | undefined;
}

/** In the order of their names. Throws `invalid` for thresholds that are no number or out of range. */
export function parseRules(settings: RuleSettings): Rule[] {
  return ruleNames.map((name) => ({ name, check: checkOf(name, settings[name]) }));
}

/**
 * Judges an image by dive's rules. Waste that meets its threshold fails, as dive's manual has it; an
 * image without any waste passes whatever the threshold.
 */
export function judge(efficiency: Efficiency, rules: readonly Rule[]): RuleResult[] {
  return rules.map(({ name: rule, check }) => {
    if (!check) return { rule, status: 'SKIP', message: 'rule disabled' };
    const message = check(efficiency);
    return { rule, status: message === '' ? 'PASS' : 'FAIL', message };
  });
}

/** Tells what is wrong with an image, '' when nothing is. */
type Check = (efficiency: Efficiency) => string;

function checkOf(rule: RuleName, setting: string): Check | undefined {
  if (/^(disabled|off|false|)$/i.test(setting.trim())) return undefined;
  switch (rule) {
    case 'lowestEfficiency': {
      const threshold = parseShare(rule, setting);
      return ({ score }) =>
        score < threshold
          ? `image efficiency is too low (efficiency=${score} < threshold=${threshold})`
          : '';
    }
    case 'highestWastedBytes': {
      const threshold = parseBytes(rule, setting);
      return ({ wastedBytes }) =>
        wastedBytes > 0 && wastedBytes >= threshold
          ? `too many bytes wasted (wasted-bytes=${wastedBytes} >= threshold=${threshold})`
          : '';
    }
    case 'highestUserWastedPercent': {
      const threshold = parseShare(rule, setting);
      return ({ wastedBytes, userWastedShare }) =>
        wastedBytes > 0 && userWastedShare >= threshold
          ? `too many bytes wasted, relative to the user bytes added (%-user-wasted-bytes=${userWastedShare} >= threshold=${threshold})`
          : '';
    }
  }
}

function parseShare(rule: RuleName, text: string): number {
  const share = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
  if (Number.isNaN(share)) throw invalid(`read rule ${rule}: "${text}" is not a number`);
  if (share < 0 || share > 1) throw invalid(`read rule ${rule}: ${text} is not between 0 and 1`);
  return share;
}

const units = ['', 'k', 'm', 'g', 't', 'p', 'e'];

/** dive's sizes: `20MB` are 20,000,000 bytes, `20MiB` 20 times 2^20. */
function parseBytes(rule: RuleName, text: string): number {
  const match = /^(\d[\d,]*(?:\.\d+)?)\s*([kmgtpe]?)(i?)b?$/i.exec(text.trim());
  if (!match || (match[3] !== '' && match[2] === '')) {
    throw invalid(`read rule ${rule}: "${text}" is not a size such as 20MB`);
  }
  const factor = (match[3] ? 1024 : 1000) ** units.indexOf(match[2]!.toLowerCase());
  return Math.floor(Number(match[1]!.replaceAll(',', '')) * factor);
}
