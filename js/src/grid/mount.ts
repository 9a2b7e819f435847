// Where a grid is drawn: over the saved table, once everything is done.

import type { AnyModel } from "@anywidget/types";
import { h } from "preact";
import { stillSource } from "../core/sources";
import type { ViewKind } from "../core/stage";
import { overSaved } from "../core/tree";
import type { Grid, GridCell, GridSummary } from "../protocol.gen";
import { type Ask, makeContext } from "./context";
import { GridView } from "./view";

/** The attribute of the saved table that carries the token. */
export const SAVED = "data-veo-grid";

/** The kind of view that shows a sweep. */
export function openGrids(): ViewKind {
  return overSaved({
    saved: SAVED,
    root: "veo-grid-root",
    tokenOf: (model) => (model.get("grid") as Grid).token,
    eventsOf: (model) => ["grid", "summary", ...batchNames(model)].map((name) => `change:${name}`),
    make({ model, clock }, request, signal) {
      const poster = (cell: string, sample: number) => request("poster", { cell, sample }).then(stillSource);
      const context = makeContext(poster, clock, signal);
      return (moves) =>
        h(GridView, {
          grid: model.get("grid") as Grid,
          summary: model.get("summary") as GridSummary,
          cells: batchNames(model).flatMap((name) => model.get(name) as GridCell[]),
          request: request as Ask,
          context,
          moves,
        });
    },
  });
}

function batchNames(model: AnyModel): string[] {
  const { batches } = model.get("grid") as Grid;
  return Array.from({ length: batches }, (_, index) => `cells_${index}`);
}
