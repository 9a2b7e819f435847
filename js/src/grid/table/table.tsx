// The cells in rows and columns, with heads that stay in sight.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { GridAxis, Shape } from "../../protocol.gen";
import { type AxisChoice, comparedLabel, type Spot, type Table } from "../axes";
import type { GridContext, Marks } from "../context";
import { Cell, type CellActions } from "./cell";
import { lineStyles } from "./size";

interface GridTableProps {
  table: Table;
  axes: readonly GridAxis[];
  choice: AxisChoice;
  shape: Shape;
  /** Pixels of a cell's width, in words; empty for what the room allows. */
  size: string;
  active: string;
  chosen: readonly string[];
  marksOf: (spot: Spot) => Marks;
  covered: boolean;
  context: GridContext;
  actions: CellActions;
}

export function GridTable(props: GridTableProps) {
  const { table, axes, choice, shape, size } = props;
  const headed = choice.rows !== "";
  return (
    <div class="veo-scroll">
      <div
        class="veo-table"
        role="grid"
        aria-label="The clips of this sweep"
        aria-multiselectable="true"
        aria-rowcount={table.rows.length + 1}
        aria-colcount={table.columns.length + (headed ? 1 : 0)}
        data-shape={shape}
        data-flow={!headed}
        data-sized={size !== ""}
        style={{
          "--veo-columns": table.columns.length,
          "--veo-size": size === "" ? null : `${size}px`,
          ...(headed ? {} : lineStyles(table.columns.length)),
        }}
      >
        <div class="veo-row veo-heads" role="row">
          {headed && (
            <div class="veo-head veo-corner" role="columnheader">
              {choice.rows}
              {choice.columns !== "" && ` / ${choice.columns}`}
            </div>
          )}
          {table.columns.map((value, column) => (
            <Head key={column} role="columnheader" value={value} />
          ))}
        </div>
        {table.spots.map((spots, row) => (
          <div key={row} class="veo-row" role="row">
            {headed && <Head role="rowheader" value={table.rows[row] ?? ""} />}
            {spots.map((spot) => (
              <StillCell key={spot.id} {...props} spot={spot} axes={axes} />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Long values are cut to a few lines; the whole of them is under the pointer. */
function Head({ role, value }: { role: "rowheader" | "columnheader"; value: string }) {
  return (
    <div class="veo-head" role={role} title={value}>
      <span dir="auto">{value}</span>
    </div>
  );
}

/** A cell drawn again only when something about it has changed: one message must not draw 200 cells. */
function StillCell({
  spot: { id, row, column, cell, sample },
  table,
  axes,
  choice,
  shape,
  active,
  chosen,
  marksOf,
  covered,
  context,
  actions,
}: GridTableProps & { spot: Spot }) {
  const { rating, star, note } = marksOf({ id, row, column, cell, sample });
  const isActive = active === id;
  const letter = "AB"[chosen.indexOf(id)] ?? "";
  const heading = table.columns[column] ?? "";
  const place = useMemo(
    () =>
      cell === undefined
        ? [table.rows[row], heading].filter((word) => word !== "").join(", ")
        : comparedLabel(
            axes,
            cell,
            sample,
            axes.map(({ name }) => name),
          ),
    [axes, cell, sample, table, row, heading],
  );
  // The same object as long as nothing changed: Preact leaves its part of the page alone then.
  return useMemo(
    () => (
      <Cell
        spot={{ id, row, column, cell, sample }}
        shape={shape}
        place={place}
        heading={heading}
        active={isActive}
        chosen={letter}
        marks={{ rating, star, note }}
        covered={covered}
        context={context}
        actions={actions}
      />
    ),
    [
      id,
      row,
      column,
      cell,
      sample,
      shape,
      place,
      heading,
      isActive,
      letter,
      rating,
      star,
      note,
      covered,
      context,
      actions,
      choice,
    ],
  );
}

/** How many cells stand in one line of a table without rows, which wraps. */
export function cellsPerLine(root: Element): number {
  const cells = [...root.querySelectorAll<HTMLElement>(".veo-cell")];
  const top = cells[0]?.offsetTop;
  const next = cells.findIndex((cell) => cell.offsetTop !== top);
  return next < 1 ? cells.length : next;
}

/** Moves the keyboard's focus to a cell, when it is wanted there. */
export function useFocusOn(root: { current: HTMLElement | null }, id: string, wanted: number): void {
  const done = useRef(wanted);
  useLayoutEffect(() => {
    if (done.current === wanted) return;
    done.current = wanted;
    const cells = root.current?.querySelectorAll<HTMLElement>(".veo-cell") ?? [];
    for (const cell of cells) {
      if (cell.dataset["spot"] !== id) continue;
      cell.focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }, [root, id, wanted]);
}
