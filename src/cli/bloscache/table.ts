/** Tables of text. */

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: true;
}

/** Widths that fit the titles and every row; the last column ends where its text does. */
export class Table {
  readonly #columns: readonly Column[];
  readonly #widths: number[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title }) => title.length);
  }

  /** Makes room for a row. */
  fit(cells: readonly string[]): void {
    cells.forEach((cell, i) => {
      this.#widths[i] = Math.max(this.#widths[i] ?? 0, cell.length);
    });
  }

  head(): string {
    return this.row(this.#columns.map(({ title }) => title));
  }

  row(cells: readonly string[]): string {
    const padded = cells.map((cell, i) => {
      const width = this.#widths[i] ?? 0;
      return this.#columns[i]?.right === true ? cell.padStart(width) : cell.padEnd(width);
    });
    return padded.join("  ").trimEnd();
  }
}

/** A table of few rows. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const table = new Table(columns);
  for (const row of rows) table.fit(row);
  return [table.head(), ...rows.map((row) => table.row(row))];
}
