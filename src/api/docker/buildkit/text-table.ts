/** Rows as lines whose columns stand below each other, `gap` blanks apart, the last as it is. */
export function alignedColumns(rows: readonly (readonly string[])[], gap: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]!.length), 0),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]! + gap) : cell))
      .join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
