import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { errnoCode, errorMessage, invalid } from '../../core/index.ts';
import { defaultRules, type RuleName, type RuleSettings, ruleNames } from './ci-rules.ts';

export const defaultCiConfig = '.dive-ci';

/**
 * The rules' thresholds: a flag's before the file's before dive's default. A file that is not there
 * is no error. Throws `invalid` for one that is not YAML.
 */
export async function readCiRules(
  path: string,
  flags: Partial<RuleSettings>,
): Promise<{ settings: RuleSettings; found: boolean }> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  const file = text === undefined ? {} : parseRules(path, text);
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const settings = { ...defaultRules, ...file, ...Object.fromEntries(given) };
  return { settings, found: text !== undefined };
}

/** Keys count without regard to case, as dive reads them. */
function parseRules(path: string, text: string): Partial<Record<RuleName, string>> {
  const rules = member(parseYaml(path, text), 'rules');
  const settings: Partial<Record<RuleName, string>> = {};
  for (const rule of ruleNames) {
    const value = member(rules, rule);
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') throw invalid(`read ${path}: rule ${rule} is not one value`);
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

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase());
  return found?.[1];
}
