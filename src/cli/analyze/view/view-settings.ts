import { invalid } from '../../../core/index.ts';
import { type DiveConfig, sectionOf, switchOf } from '../dive-config.ts';
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
  'toggle-wrap-tree': 'ctrl+p',
  'extract-file': 'ctrl+e',
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

/** dive's defaults, changed by what its configuration says. Throws `invalid` for wrong values. */
export function viewSettings(config: DiveConfig): ViewSettings {
  const filetree = sectionOf(config, 'filetree');
  const layer = sectionOf(config, 'layer');
  const paneWidth = Number(filetree['pane-width'] ?? 0.5);
  if (!(paneWidth > 0 && paneWidth < 1)) {
    throw invalid(`filetree.pane-width ${filetree['pane-width']} is not between 0 and 1`);
  }
  const flag = (name: string, byDefault: boolean) =>
    switchOf(filetree[name], `filetree.${name}`, byDefault);
  const aggregate = 'show-aggregated-changes';
  return {
    bindings: bindingsOf(sectionOf(config, 'keybinding')),
    hidden: hiddenOf(sectionOf(config, 'diff').hide),
    collapsed: flag('collapse-dir', false),
    paneWidth,
    showAttributes: flag('show-attributes', true),
    aggregate: switchOf(layer[aggregate], `layer.${aggregate}`, false),
  };
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
