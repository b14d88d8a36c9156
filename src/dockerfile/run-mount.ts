import { errorMessage, invalid, parseSize, quoted } from '../core/index.ts';
import { readFields } from './csv.ts';
import { type ExpandOptions, expand, type Lookup } from './expand.ts';
import { parseBoolean } from './go-values.ts';
import { nearest } from './suggest.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { Word } from './word.ts';

export const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
export type MountType = (typeof mountTypes)[number];

const sharingModes = ['shared', 'private', 'locked'] as const;
export type MountSharing = (typeof sharingModes)[number];

/** A `--mount` of RUN. Options that need a variable are right only once it was replaced. */
export interface Mount {
  /** The value of the flag as written. */
  readonly word: Word;
  readonly type: MountType;
  /** A stage, an image or a named context; never a variable. */
  readonly from: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly readOnly: boolean;
  /** tmpfs only; undefined is no limit. */
  readonly sizeBytes: number | undefined;
  /** The name of the cache, secret or ssh agent. */
  readonly id: string | undefined;
  /** cache only; undefined is shared. */
  readonly sharing: MountSharing | undefined;
  /** secret and ssh only: fail when the client has none. */
  readonly required: boolean;
  /** secret only: the variable that gets it. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

type Draft = { -readonly [Key in keyof Mount]: Mount[Key] } & {
  readOnlySet: boolean;
  /** The type itself is a variable not known yet. */
  typeUnknown: boolean;
};

const allKeys = [
  ...['type', 'from', 'source', 'target', 'readonly', 'id', 'sharing', 'required', 'size', 'mode'],
  ...['uid', 'gid', 'src', 'dst', 'destination', 'ro', 'rw', 'readwrite', 'env'],
];

/** One option; `written` is its key as the user wrote it. */
type SetOption = (mount: Draft, value: string, written: string) => void;

const setSource: SetOption = (mount, value) => {
  mount.source = value;
};
const setTarget: SetOption = (mount, value) => {
  mount.target = value;
};
const setReadOnly: SetOption = (mount, value, key) => {
  mount.readOnly = booleanOption(value, key);
  mount.readOnlySet = true;
};
const setReadWrite: SetOption = (mount, value, key) => {
  mount.readOnly = !booleanOption(value, key);
  mount.readOnlySet = true;
};

const options: Record<string, SetOption> = {
  type(mount, value) {
    const type = mountTypes.find((known) => known === value.toLowerCase());
    if (!type) {
      const message = `unsupported mount type ${quoted(value)}`;
      throw new SyntaxFault(message, undefined, nearest(value, mountTypes));
    }
    mount.type = type;
  },
  from(mount, value) {
    mount.from = value;
  },
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  readwrite: setReadWrite,
  rw: setReadWrite,
  required(mount, value, key) {
    requireType(mount, key, ['secret', 'ssh']);
    mount.required = booleanOption(value, key);
  },
  size(mount, value, key) {
    requireType(mount, key, ['tmpfs']);
    try {
      mount.sizeBytes = parseSize(value);
    } catch (error) {
      throw invalid(`invalid value for ${key}: ${value}`, { cause: error });
    }
  },
  id(mount, value) {
    mount.id = value;
  },
  sharing(mount, value) {
    const sharing = sharingModes.find((known) => known === value.toLowerCase());
    if (!sharing) {
      const message = `unsupported sharing value ${quoted(value)}`;
      throw new SyntaxFault(message, undefined, nearest(value, sharingModes));
    }
    mount.sharing = sharing;
  },
  mode(mount, value) {
    mount.mode = unsigned(value, 8, 'mode');
  },
  uid(mount, value) {
    mount.uid = unsigned(value, 10, 'uid');
  },
  gid(mount, value) {
    mount.gid = unsigned(value, 10, 'gid');
  },
  env(mount, value) {
    mount.env = value;
  },
};

/** Options that may stand without a value, which then is `true`. */
const switches = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required']);

function booleanOption(value: string, key: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw invalid(`invalid value for ${key}: ${value}`);
  return parsed;
}

function requireType(mount: Draft, key: string, types: readonly MountType[]): void {
  if (mount.typeUnknown || types.includes(mount.type)) return;
  throw invalid(`unexpected key '${key}' for mount type '${mount.type}'`);
}

function unsigned(value: string, radix: 8 | 10, key: string): number {
  const digits = radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/;
  const parsed = Number.parseInt(value, radix);
  if (!digits.test(value) || parsed > 0xffff_ffff)
    throw invalid(`invalid value ${value} for ${key}`);
  return parsed;
}

/**
 * Reads the value of a `--mount`. With `lookup` the variables in its options are replaced;
 * without, what depends on a variable is left as it stands and not judged. Throws a fault.
 */
export function parseMount(word: Word, lookup?: Lookup, expansion?: ExpandOptions): Mount {
  const mount: Draft = {
    word,
    type: 'bind',
    from: undefined,
    source: undefined,
    target: undefined,
    readOnly: true,
    sizeBytes: undefined,
    id: undefined,
    sharing: undefined,
    required: false,
    env: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    readOnlySet: false,
    typeUnknown: false,
  };
  const isKnown = lookup !== undefined || !word.text.includes('$');
  const resolve = (value: string): string | undefined =>
    isKnown || !value.includes('$')
      ? expand(value, lookup ?? (() => undefined), expansion)
      : undefined;
  readFields(word, 'mounts', (field) => readField(mount, field, resolve));
  if (isKnown) {
    try {
      checkTogether(mount);
    } catch (error) {
      throw new SyntaxFault(errorMessage(error), word.range);
    }
  }
  const { readOnlySet, typeUnknown, ...finished } = mount;
  if (!readOnlySet && !typeUnknown)
    finished.readOnly = mount.type !== 'cache' && mount.type !== 'tmpfs';
  return finished;
}

/** `resolve` gives undefined for a value whose variables are not known yet. */
function readField(
  mount: Draft,
  field: string,
  resolve: (value: string) => string | undefined,
): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  if (equals < 0 && !switches.has(key)) {
    throw invalid(`invalid field '${field}' must be a key=value pair`);
  }
  const set = Object.hasOwn(options, key) ? options[key] : undefined;
  if (!set) {
    const message = `unexpected key '${key}' in '${field}'`;
    throw new SyntaxFault(message, undefined, nearest(key, allKeys));
  }
  if (equals < 0) {
    set(mount, 'true', key);
    return;
  }
  const written = field.slice(equals + 1);
  if (key === 'from' && /\$./s.test(written)) {
    throw invalid("'from' doesn't support variable expansion, define alias stage instead");
  }
  const value = resolve(written);
  if (value !== undefined) set(mount, value, key);
  else if (key === 'type') mount.typeUnknown = true;
  else if (set === setSource || set === setTarget || key === 'id') set(mount, written, key);
}

function checkTogether(mount: Draft): void {
  const { type } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (mount[key] !== undefined) throw invalid(`${key} not allowed for "${type}" type mounts`);
    }
  }
  if (type === 'secret') {
    if (mount.from) throw invalid('secret mount should not have a from');
    if (mount.sharing) throw invalid('secret mount should not define sharing');
    if (!mount.source && !mount.target && !mount.id) {
      throw invalid('invalid secret mount. one of source, target required');
    }
    if (mount.source && mount.id) throw invalid("both source and id can't be set");
  }
  if (mount.sharing && type !== 'cache') {
    throw invalid(`invalid cache sharing set for ${type} mount`);
  }
}
