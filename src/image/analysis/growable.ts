type Columns = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** The same column with room for `length` elements, at least doubled when it has to grow. */
export function withRoom<T extends Columns>(column: T, length: number): T {
  if (length <= column.length) return column;
  const larger = new (column.constructor as new (length: number) => T)(
    Math.max(length, column.length * 2, 64),
  );
  larger.set(column as never);
  return larger;
}
