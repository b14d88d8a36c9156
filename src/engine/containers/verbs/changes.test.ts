import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Change } from '../../../store/index.ts';
import { withoutPlaces } from './changes.ts';

const change = (text: string): Change => ({
  path: text.slice(2),
  kind: ({ A: 'added', C: 'modified', D: 'deleted' } as const)[text[0] as 'A' | 'C' | 'D'],
});

for (const [what, changes, rest] of [
  ['places made to mount on', ['C /etc', 'A /etc/hosts', 'A /proc'], []],
  ['nothing the container did', ['C /srv', 'A /srv/data', 'A /srv/new'], ['C /srv', 'A /srv/new']],
  [
    'no folder that something was deleted in',
    ['C /etc', 'A /etc/hosts', 'D /etc/x'],
    ['C /etc', 'D /etc/x'],
  ],
  ['no place that was there before', ['C /etc', 'C /etc/hosts'], ['C /etc', 'C /etc/hosts']],
] as const) {
  it(`leaves out ${what}`, () => {
    const places = new Set(['/etc/hosts', '/proc', '/srv/data']);
    assert.deepEqual(withoutPlaces(changes.map(change), places), rest.map(change));
  });
}
