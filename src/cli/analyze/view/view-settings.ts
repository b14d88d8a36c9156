import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { errnoCode, errorMessage, invalid } from '../../../core/index.ts';
import { type Key, normalKey } from './keys.ts';

/** What keys do, by dive's names for it, and dive's keys. */
export const defaultBindings = {
  quit: 'ctrl+c,q',
  'toggle-view': 'tab',
  'filter-files': 'ctrl+f,ctrl+slash,/',
  'close-filter-files': 'esc',
  up: 'up,k',
  down: 'down,j',
  left: 'left,h',
  right: 'right,l',
  'page-up': 'pgup,u',
  'page-down': 'pgdn,d',
  'compare-all': 'ctrl+a',
  'compare-layer': 'ctrl+l',
  'toggle-collapse-dir': 'space',
  'toggle-collapse-all-dir': 'ctrl+space',
  'toggle-added-files': 'ctrl+a',
  'toggle-removed-files': 'ctrl+r',
  'toggle-modified-files': 'ctrl+m',
  'toggle-unmodified-files': 'ctrl+u',
  'toggle-filetree-attributes': 'ctrl+b',
  'toggle-sort-order': 'ctrl+o',
};

export type ActionName = keyof typeof defaultBindings;
export type Bindings = Readonly<Record<ActionName, readonly Key[]>>;

export interface ViewSettings {
  readonly bindings: Bindings;
  readonly hidden: readonly ('added' | 'removed' | 'modified' | 'unmodified')[];
  readonly collapsed: boolean;
  /** Share of the screen for the file tree. */
  readonly paneWidth: number;
  readonly showAttributes: boolean;
  readonly aggregate: boolean;
}

/**
 * The settings of dive's own file, from the first of its places that has one:
 * `$XDG_CONFIG_HOME/dive/*.yaml`, the same below each of `$XDG_CONFIG_DIRS` and `~/.config`, and
 * `~/.dive.yaml`. Throws `invalid` for a file that cannot be understood.
 */
export async function readViewSettings(
  env: NodeJS.ProcessEnv = process.env,
  home = homedir(),
): Promise<ViewSettings> {
  const path = await findFile(env, home);
  if (path === undefined) return viewSettings({});
  try {
    return viewSettings(parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw invalid(`read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

async function findFile(env: NodeJS.ProcessEnv, home: string): Promise<string | undefined> {
  const folders = [
    env.XDG_CONFIG_HOME,
    ...(env.XDG_CONFIG_DIRS ?? '').split(':'),
    join(home, '.config'),
  ];
  for (const folder of folders) {
    if (!folder) continue;
    const names = await readdir(join(folder, 'dive')).catch(absent);
    const name = names?.sort().find((one) => isYaml(one));
    if (name) return join(folder, 'dive', name);
  }
  const names = await readdir(home).catch(absent);
  const name =
    names?.find((one) => one === '.dive.yaml') ?? names?.find((one) => one === '.dive.yml');
  return name && join(home, name);
}

function absent(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoCode(error) ?? '')) throw error;
}

function isYaml(name: string): boolean {
  return ['.yaml', '.yml'].includes(extname(name));
}

/** Settings from the file's content; what is left out keeps dive's default. */
export function viewSettings(content: unknown): ViewSettings {
  const diff = section(content, 'diff');
  const filetree = section(content, 'filetree');
  const paneWidth = Number(filetree['pane-width'] ?? 0.5);
  if (!(paneWidth > 0 && paneWidth < 1)) {
    throw invalid(`filetree.pane-width ${filetree['pane-width']} is not between 0 and 1`);
  }
  return {
    bindings: bindingsOf(section(content, 'keybinding')),
    hidden: hiddenOf(diff.hide),
    collapsed: filetree['collapse-dir'] === true,
    paneWidth,
    showAttributes: filetree['show-attributes'] !== false,
    aggregate: section(content, 'layer')['show-aggregated-changes'] === true,
  };
}

function section(content: unknown, name: string): Record<string, unknown> {
  const value = (content as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function bindingsOf(given: Record<string, unknown>): Bindings {
  const entries = Object.entries(defaultBindings).map(([action, keys]) => {
    const chosen = given[action];
    if (chosen !== undefined && typeof chosen !== 'string') {
      throw invalid(`keybinding.${action} is not text such as "ctrl+a, a"`);
    }
    // The comma itself cannot be bound, as in dive.
    return [
      action,
      (chosen ?? keys)
        .split(',')
        .filter((key) => key.trim() !== '')
        .map(normalKey),
    ];
  });
  return Object.fromEntries(entries) as Bindings;
}

function hiddenOf(value: unknown): ViewSettings['hidden'] {
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  return list
    .map((one) => String(one).trim())
    .filter((one) => one !== '')
    .map((one) => {
      if (one === 'added' || one === 'removed' || one === 'modified' || one === 'unmodified')
        return one;
      throw invalid(`diff.hide: "${one}" is not added, removed, modified or unmodified`);
    });
}
