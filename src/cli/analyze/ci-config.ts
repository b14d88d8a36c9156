import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { errnoCode, errorMessage, invalid } from '../../core/index.ts';
import { defaultRules, type RuleName, type RuleSettings, ruleNames } from './ci-rules.ts';
import type { DiveConfig } from './dive-config.ts';

export const defaultCiConfig = '.dive-ci';

/** Thresholds of the command line. */
export type RuleFlags = { readonly [Rule in RuleName]?: string | undefined };

/**
 * The rules' thresholds: a flag's before those of `.dive-ci`, before those of dive's own
 * configuration, before dive's defaults. A file that is not there is no error. Throws `invalid` for
 * one that is not YAML.
 */
export async function readCiRules(
  path: string,
  { flags = {}, config = {} }: { flags?: RuleFlags; config?: DiveConfig } = {},
): Promise<{ settings: RuleSettings; found: boolean }> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  const own = rulesIn(config.rules, "dive's configuration");
  const file = text === undefined ? {} : rulesIn(rulesOfFile(parseYaml(path, text)), path);
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const settings = { ...defaultRules, ...own, ...file, ...Object.fromEntries(given) };
  return { settings, found: text !== undefined };
}

/** Below `rules`; where that is missing, the file itself. */
function rulesOfFile(content: unknown): unknown {
  if (typeof content !== 'object' || content === null) return undefined;
  const found = Object.entries(content).find(([key]) => key.toLowerCase() === 'rules');
  return found ? found[1] : content;
}

/** Rules by any of their spellings: `lowestEfficiency`, `lowest-efficiency`, `lowest_efficiency`. */
function rulesIn(rules: unknown, source: string): Partial<Record<RuleName, string>> {
  const settings: Partial<Record<RuleName, string>> = {};
  if (typeof rules !== 'object' || rules === null) return settings;
  for (const [key, value] of Object.entries(rules)) {
    const plain = key
      .toLowerCase()
      .replace(/[-_]/g, '')
      .replace(/threshold$/, '');
    const rule = ruleNames.find((name) => name.toLowerCase() === plain);
    if (!rule || value === undefined || value === null) continue;
    if (typeof value === 'object') throw invalid(`read ${source}: rule ${rule} is not one value`);
    settings[rule] = String(value);
  }
  return settings;
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw invalid(`read ${path}: ${errorMessage(cause)}`, { cause });
  }
}
