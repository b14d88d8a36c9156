import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { errnoCode, errorMessage, invalid } from '../../core/index.ts';

/** dive's own configuration: its file's sections, with what the environment sets laid over them. */
export type DiveConfig = Readonly<Record<string, unknown>>;

export interface DiveConfigPlaces {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
  readonly cwd?: string;
}

/**
 * Reads the file that `$DIVE_CONFIG` names, else the first there is of `.dive.yaml` and
 * `.dive/config.yaml` in the working directory, `dive/*.yaml` below `$XDG_CONFIG_HOME`, each of
 * `$XDG_CONFIG_DIRS` and `~/.config`, and `~/.dive.yaml`. A variable such as
 * `DIVE_FILETREE_PANE_WIDTH` counts before the file. Throws `invalid` for a file that is no YAML
 * mapping, or that `$DIVE_CONFIG` names and is not there.
 */
export async function readDiveConfig({
  env = process.env,
  home = homedir(),
  cwd = process.cwd(),
}: DiveConfigPlaces = {}): Promise<DiveConfig> {
  const path = env.DIVE_CONFIG || (await findFile(env, home, cwd));
  return withVariables(path === undefined ? {} : await readSections(path), env);
}

async function readSections(path: string): Promise<Record<string, unknown>> {
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw invalid(`read ${path}: ${errorMessage(cause)}`, { cause });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw invalid(`read ${path}: it is no mapping of settings`);
  }
  return { ...content };
}

async function findFile(
  env: NodeJS.ProcessEnv,
  home: string,
  cwd: string,
): Promise<string | undefined> {
  const configHomes = [
    env.XDG_CONFIG_HOME,
    ...(env.XDG_CONFIG_DIRS ?? '').split(':'),
    join(home, '.config'),
  ];
  const places: [folder: string, isMeant: (name: string) => boolean][] = [
    [cwd, isDotFile],
    [join(cwd, '.dive'), (name) => name === 'config.yaml'],
    ...configHomes.flatMap((folder): [string, (name: string) => boolean][] =>
      folder ? [[join(folder, 'dive'), isYaml]] : [],
    ),
    [home, isDotFile],
  ];
  for (const [folder, isMeant] of places) {
    const names = await readdir(folder).catch(absent);
    const name = names?.filter(isMeant).sort()[0];
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}

function absent(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoCode(error) ?? '')) throw error;
}

function isDotFile(name: string): boolean {
  return name === '.dive.yaml' || name === '.dive.yml';
}

function isYaml(name: string): boolean {
  return ['.yaml', '.yml'].includes(extname(name));
}

const sections = ['keybinding', 'diff', 'filetree', 'layer', 'rules'];
const plainSettings = ['ci', 'ci-config', 'json-path', 'container-engine', 'ignore-errors'];

/** `DIVE_CI_CONFIG` is `ci-config`, `DIVE_KEYBINDING_PAGE_UP` is `page-up` of `keybinding`. */
function withVariables(content: Record<string, unknown>, env: NodeJS.ProcessEnv): DiveConfig {
  const config = { ...content };
  for (const [variable, text = ''] of Object.entries(env)) {
    if (!variable.startsWith('DIVE_') || variable === 'DIVE_CONFIG') continue;
    const name = variable.slice('DIVE_'.length).toLowerCase().replaceAll('_', '-');
    const section = sections.find((one) => name.startsWith(`${one}-`));
    if (section !== undefined) {
      config[section] = { ...sectionOf(config, section), [name.slice(section.length + 1)]: text };
    } else if (plainSettings.includes(name)) config[name] = text;
  }
  return config;
}

/** A section's settings; none for one that is missing or no mapping. */
export function sectionOf(content: unknown, name: string): Record<string, unknown> {
  const value = (content as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A setting that is on or off; a variable spells it as text. Throws `invalid` for anything else. */
export function switchOf(value: unknown, name: string, byDefault: boolean): boolean {
  if (value === undefined || value === null || value === '') return byDefault;
  if (typeof value === 'boolean') return value;
  if (/^(?:1|t|true|yes|on)$/i.test(String(value))) return true;
  if (/^(?:0|f|false|no|off)$/i.test(String(value))) return false;
  throw invalid(`${name}: ${JSON.stringify(value)} is neither true nor false`);
}
