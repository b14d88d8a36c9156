import protobuf from 'protobufjs/light.js';

/** Encodes and decodes one protobuf message; absent fields decode to their zero value. */
export interface Message<T extends object> {
  encode(value: Partial<T>): Uint8Array;
  /** Throws a plain Error on bytes that are no such message. */
  decode(bytes: Uint8Array): T;
}

type FieldType = 'string' | 'bool' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'bytes';
/** `[number, type]`, `[number, type, 'repeated']`, or a nested message's fields in place of the type. */
export type Fields = {
  [name: string]: readonly [number, FieldType | Fields, 'repeated'?];
};

let anonymous = 0;

function typeOf(fields: Fields): protobuf.Type {
  const type = new protobuf.Type(`M${anonymous++}`);
  for (const [name, [id, kind, rule]] of Object.entries(fields)) {
    let typeName: string;
    if (typeof kind === 'string') {
      typeName = kind;
    } else {
      const nested = typeOf(kind);
      type.add(nested);
      typeName = nested.name;
    }
    type.add(new protobuf.Field(name, id, typeName, rule));
  }
  return type;
}

/** Declares a message by its fields; names are the ones values use. 64-bit numbers become bigint-safe strings. */
export function message<T extends object>(fields: Fields): Message<T> {
  const type = new protobuf.Root().add(typeOf(fields)).nestedArray[0] as protobuf.Type;
  return {
    encode: (value) => type.encode(type.fromObject(value)).finish(),
    decode: (bytes) =>
      type.toObject(type.decode(bytes), { longs: String, defaults: true, arrays: true }) as T,
  };
}
