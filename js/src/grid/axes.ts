// Which cells stand where: a sweep of any number of axes seen as rows and columns, the others held at one value.

import type { Grid, GridAxis, GridCell } from "../protocol.gen";

/** Not an axis of the sweep, but shown as one where a job made several clips. */
export const SAMPLE = "sample";

/** What is on screen: the axes that are rows and columns (empty for none), and the value of every other one. */
export interface AxisChoice {
  rows: string;
  columns: string;
  held: Readonly<Record<string, number>>;
}

/** One place of the table. Without a cell there is nothing for this combination, as with axes that go in pairs. */
export interface Spot {
  id: string;
  row: number;
  column: number;
  cell: GridCell | undefined;
  sample: number;
}

export interface Table {
  rows: string[];
  columns: string[];
  /** By row, then by column. */
  spots: Spot[][];
}

/** The axes on offer: those of the sweep, and the samples where there are several. */
export function axesOf(grid: Grid, cells: readonly GridCell[]): GridAxis[] {
  const samples = Math.max(1, ...cells.map((cell) => cell.clips.length));
  if (samples === 1) return grid.axes;
  return [...grid.axes, { name: SAMPLE, values: Array.from({ length: samples }, (_, i) => String(i + 1)) }];
}

export function firstChoice(grid: Grid): AxisChoice {
  return { rows: grid.rows, columns: grid.columns, held: {} };
}

/** The choice with another axis as rows or columns; an axis that stood on the other side changes places. */
export function turn(choice: AxisChoice, side: "rows" | "columns", name: string): AxisChoice {
  const other = side === "rows" ? "columns" : "rows";
  if (name !== "" && choice[other] === name) return { ...choice, [side]: name, [other]: choice[side] };
  return { ...choice, [side]: name };
}

/** The axes that are neither rows nor columns: each is held at one value. */
export function heldAxes(axes: readonly GridAxis[], choice: AxisChoice): GridAxis[] {
  return axes.filter(
    ({ name, values }) => name !== choice.rows && name !== choice.columns && values.length > 1,
  );
}

export function project(axes: readonly GridAxis[], cells: readonly GridCell[], choice: AxisChoice): Table {
  const at = (name: string) => axes.findIndex((axis) => axis.name === name);
  const [rowAxis, columnAxis] = [at(choice.rows), at(choice.columns)];
  const values = (axis: number) => axes[axis]?.values ?? [""];
  const byPlace = new Map(cells.map((cell) => [cell.place.join(), cell]));
  const spot = (row: number, column: number): Spot => {
    const place = axes.map(({ name, values }, axis) => {
      if (axis === rowAxis) return row;
      if (axis === columnAxis) return column;
      return Math.min(choice.held[name] ?? 0, values.length - 1);
    });
    const samples = axes.at(-1)?.name === SAMPLE;
    const sample = samples ? (place.pop() ?? 0) : 0;
    const cell = byPlace.get(place.join());
    return { id: spotId(cell?.key ?? place.join(), sample), row, column, cell, sample };
  };
  return {
    rows: values(rowAxis),
    columns: values(columnAxis),
    spots: values(rowAxis).map((_, row) => values(columnAxis).map((_, column) => spot(row, column))),
  };
}

/** Names one clip of one cell, whatever is on screen. */
export function spotId(key: string, sample: number): string {
  return `${key}/${sample}`;
}

/** The clip's place in words: `animal fox, time dawn`. `except` leaves out what can be read elsewhere. */
export function placeText(
  axes: readonly GridAxis[],
  cell: GridCell,
  sample: number,
  except: readonly string[] = [],
): string {
  return axes
    .map(({ name, values }, axis) => [name, values[name === SAMPLE ? sample : (cell.place[axis] ?? 0)] ?? ""])
    .filter(([name]) => !except.includes(name ?? ""))
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

/** What two clips differ in, for the label of each: the values of those axes alone. */
export function differences(
  axes: readonly GridAxis[],
  one: { cell: GridCell; sample: number },
  other: { cell: GridCell; sample: number },
): string[] {
  return axes
    .filter(({ name }, axis) =>
      name === SAMPLE ? one.sample !== other.sample : one.cell.place[axis] !== other.cell.place[axis],
    )
    .map(({ name }) => name);
}

/** A clip's label beside another: its values on the axes in which they differ; a bare number with its axis. */
export function comparedLabel(
  axes: readonly GridAxis[],
  cell: GridCell,
  sample: number,
  differing: readonly string[],
): string {
  return axes
    .map(({ name, values }, axis) => ({
      name,
      value: values[name === SAMPLE ? sample : (cell.place[axis] ?? 0)] ?? "",
    }))
    .filter(({ name }) => differing.includes(name))
    .map(({ name, value }) => (/^[\d.,:]+$/.test(value) ? `${name} ${value}` : value))
    .join(", ");
}
