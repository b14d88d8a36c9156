import { invalid } from '../core/index.ts';
import { readFields } from './csv.ts';
import { parseBoolean } from './go-values.ts';
import { nearest } from './suggest.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { Word } from './word.ts';

/** A `--device` of RUN: a device by its CDI name. */
export interface Device {
  readonly word: Word;
  /** Such as `vendor.com/gpu=all`. */
  readonly name: string;
  /** Whether the build fails when the machine has none. */
  readonly required: boolean;
}

/** Reads `name[,required]` or `name=…,required=…`. Throws a fault. */
export function parseDevice(word: Word): Device {
  const device = { word, name: '', required: false };
  readFields(word, 'devices', (field) => readField(device, field));
  return device;
}

function readField(device: { word: Word; name: string; required: boolean }, field: string): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  if (key === 'required') {
    const required = value === undefined ? true : parseBoolean(value);
    if (required === undefined) throw invalid(`invalid value for ${key}: ${value}`);
    device.required = required;
  } else if (key === 'name' && value !== undefined) {
    if (device.name !== '') throw invalid(`device name already set to ${device.name}`);
    device.name = value;
  } else if (device.name === '') {
    // The first field that is no option is the name, and a CDI name may hold a `=`.
    device.name = field;
  } else if (value === undefined) {
    throw invalid(`invalid field '${field}' must be a key=value pair`);
  } else {
    const message = `unexpected key '${key}' in '${field}'`;
    throw new SyntaxFault(message, undefined, nearest(key, ['name', 'required']));
  }
}
