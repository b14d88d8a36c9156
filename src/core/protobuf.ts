import { ProtobufReader, wireType } from './protobuf-reader.ts';

/** Encodes and decodes one protobuf message; absent fields decode to their zero value. */
export interface Message<T extends object> {
  encode(value: Partial<T>): Uint8Array;
  /** Throws `invalid` on bytes that are no such message. */
  decode(bytes: Uint8Array): T;
}

type FieldType = 'string' | 'bool' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'bytes';

/**
 * `[number, type]`, or with a third word for lists and maps (whose keys are strings); a nested
 * message's fields stand in place of the type.
 */
type MessageFields = {
  [name: string]: readonly [number, FieldType | MessageFields, ('repeated' | 'map')?];
};

/**
 * Declares a message by its fields; names are the ones values use. 64-bit numbers decode to decimal
 * digits, and encode from those, numbers or bigints. An absent nested message decodes to null, a map
 * is a Map. Encoding leaves out what is undefined or null, and nothing else.
 */
export function message<T extends object>(fields: MessageFields): Message<T> {
  const codec = codecOf(fields);
  return {
    encode: (value) => codec.encode(value as Values),
    decode: (bytes) => codec.decode(bytes) as T,
  };
}

type Values = Record<string, unknown>;

interface Codec {
  encode(value: Values): Buffer;
  decode(bytes: Uint8Array): Values;
}

interface Field {
  readonly name: string;
  readonly number: number;
  readonly rule: 'repeated' | 'map' | undefined;
  readonly kind: Kind;
}

/** How the values of one type are written and read. */
interface Kind {
  readonly wire: number;
  zero(): unknown;
  write(value: unknown): Buffer;
  read(reader: ProtobufReader): unknown;
}

function codecOf(declared: MessageFields): Codec {
  const fields = Object.entries(declared).map(([name, [number, type, rule]]) => {
    const kind = typeof type === 'string' ? scalars[type] : nested(type);
    return { name, number, rule, kind: rule === 'map' ? entryKind(kind) : kind };
  });
  const byNumber = new Map(fields.map((field) => [field.number, field]));
  return {
    encode(value) {
      const parts: Buffer[] = [];
      for (const field of fields) writeField(parts, field, value[field.name]);
      return Buffer.concat(parts);
    },
    decode(bytes) {
      const values: Values = {};
      for (const { name, rule, kind } of fields) {
        values[name] = rule === 'repeated' ? [] : rule === 'map' ? new Map() : kind.zero();
      }
      const reader = new ProtobufReader(bytes);
      while (!reader.isAtEnd) {
        const tag = reader.tag();
        const field = byNumber.get(tag >>> 3);
        if (field) readField(reader, field, { tag, values });
        else reader.skip(tag);
      }
      return values;
    },
  };
}

function writeField(parts: Buffer[], { number, rule, kind }: Field, value: unknown): void {
  if (value === undefined || value === null) return;
  const values = rule === undefined ? [value] : (value as Iterable<unknown>);
  for (const one of values) parts.push(varint(number * 8 + kind.wire), kind.write(one));
}

function readField(
  reader: ProtobufReader,
  { name, rule, kind }: Field,
  { tag, values }: { tag: number; values: Values },
): void {
  const list = values[name] as unknown[];
  if ((tag & 7) === kind.wire) {
    const value = kind.read(reader);
    if (rule === 'repeated') list.push(value);
    else if (rule === 'map') (values[name] as Map<unknown, unknown>).set(...(value as [0, 0]));
    else values[name] = value;
  } else if ((tag & 7) === wireType.bytes && rule === 'repeated') {
    // A list of numbers may come packed into one field.
    const packed = new ProtobufReader(reader.bytes());
    while (!packed.isAtEnd) list.push(kind.read(packed));
  } else reader.skip(tag);
}

const scalars: Record<FieldType, Kind> = {
  string: {
    wire: wireType.bytes,
    zero: () => '',
    write: (value) => sized(Buffer.from(String(value))),
    read: (reader) => reader.string(),
  },
  bytes: {
    wire: wireType.bytes,
    zero: () => Buffer.alloc(0),
    write: (value) => sized(value as Uint8Array),
    read: (reader) => reader.bytes(),
  },
  bool: {
    wire: wireType.varint,
    zero: () => false,
    write: (value) => varint(value ? 1 : 0),
    read: (reader) => reader.uint64() !== 0n,
  },
  uint32: numbers(
    (value) => varint(Number(value)),
    (reader) => reader.uint32(),
    0,
  ),
  int32: numbers(longVarint, (reader) => reader.int32(), 0),
  uint64: numbers(longVarint, (reader) => reader.uint64().toString(), '0'),
  int64: numbers(longVarint, (reader) => reader.int64().toString(), '0'),
};

function numbers(write: Kind['write'], read: Kind['read'], zero: unknown): Kind {
  return { wire: wireType.varint, zero: () => zero, write, read };
}

function nested(fields: MessageFields): Kind {
  const codec = codecOf(fields);
  return {
    wire: wireType.bytes,
    zero: () => null,
    write: (value) => sized(codec.encode(value as Values)),
    read: (reader) => codec.decode(reader.bytes()),
  };
}

/** An entry of a map is a message of key and value. */
function entryKind(kind: Kind): Kind {
  const entry = {
    key: { name: 'key', number: 1, rule: undefined, kind: scalars.string },
    value: { name: 'value', number: 2, rule: undefined, kind },
  };
  return {
    wire: wireType.bytes,
    zero: () => undefined,
    write(pair) {
      const [key, value] = pair as [string, unknown];
      const parts: Buffer[] = [];
      writeField(parts, entry.key, key);
      writeField(parts, entry.value, value);
      return sized(Buffer.concat(parts));
    },
    read(reader) {
      const values: Values = { key: '', value: kind.zero() };
      const inner = new ProtobufReader(reader.bytes());
      while (!inner.isAtEnd) {
        const tag = inner.tag();
        if (tag >>> 3 === 1) readField(inner, entry.key, { tag, values });
        else if (tag >>> 3 === 2) readField(inner, entry.value, { tag, values });
        else inner.skip(tag);
      }
      return [values.key, values.value];
    },
  };
}

function sized(bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** A varint of a number from 0 to 2^53. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A varint of any 64-bit number; negative ones take ten bytes. */
export function longVarint(value: unknown): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value as string | number | bigint));
  if (rest < 2n ** 53n) return varint(Number(rest));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) + 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
