import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeKeys, normalKey } from './keys.ts';

const decoded: [input: string, keys: string][] = [
  ['a', 'a'],
  ['Aé漢', 'A é 漢'],
  ['\x01\x06\x1f', 'ctrl+a ctrl+f ctrl+slash'],
  ['\0', 'ctrl+space'],
  ['\t\r\x7f ', 'tab enter backspace space'],
  ['\x1b', 'esc'],
  ['\x1b[A\x1b[B\x1bOC\x1b[D', 'up down right left'],
  ['\x1b[5~\x1b[6~', 'pgup pgdn'],
  // Sequences that nobody bound are not taken for what they are made of.
  ['\x1b[1;5A\x1b[200~x', 'x'],
];
for (const [input, keys] of decoded) {
  test(`keys in ${JSON.stringify(input)}`, () => assert.equal(decodeKeys(input).join(' '), keys));
}

const normal: [text: string, key: string][] = [
  ['ctrl+a', 'ctrl+a'],
  [' Ctrl + A', 'ctrl+a'],
  ['ctrl-a', 'ctrl+a'],
  ['ctrl+m', 'enter'],
  ['ctrl+/', 'ctrl+slash'],
  ['PageUp', 'pgup'],
  ['G', 'G'],
  ['-', '-'],
];
for (const [text, key] of normal) {
  test(`binding ${JSON.stringify(text)}`, () => assert.equal(normalKey(text), key));
}
