// Where a grid is drawn: over the saved table, once everything is done.

import type { AnyModel } from "@anywidget/types";
import { h } from "preact";
import { type Request, refusalOf } from "../core/connection";
import { probe } from "../core/media/addresses";
import type { AskPiece } from "../core/media/videos";
import { stillSource } from "../core/sources";
import type { ViewKind } from "../core/stage";
import { overSaved } from "../core/tree";
import type { Grid, GridCell, GridSummary } from "../protocol.gen";
import { type Ask, makeContext, type Origin } from "./context";
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
      const origin: Origin = {
        poster: (cell, sample) => request("poster", { cell, sample }).then(stillSource),
        piece: pieceOf(request),
        reached: (reached) => request("reached", reached).catch(refusalOf),
      };
      const context = makeContext(origin, clock, signal);
      let tried = false;
      return (moves) => {
        const cells = batchNames(model).flatMap((name) => model.get(name) as GridCell[]);
        const first = cells.flatMap(({ clips }) => clips).find(({ size }) => size > 0);
        if (first !== undefined && !tried) {
          // Before anyone plays it, so that what is saved at the end is what plays here.
          tried = true;
          probe(context.addresses, first, signal);
        }
        return h(GridView, {
          grid: model.get("grid") as Grid,
          summary: model.get("summary") as GridSummary,
          cells,
          request: request as Ask,
          context,
          moves,
        });
      };
    },
  });
}

/** Asks for a piece of a clip named `CELL/SAMPLE`, or of its small copy, `CELL/SAMPLE/small`. */
const pieceOf =
  (request: Request): AskPiece =>
  (kind, { clip, offset }, extras) => {
    const [cell = "", sample, small] = clip.split("/");
    const payload = { cell, sample: Number(sample), small: small !== undefined, offset };
    return request(kind, payload, extras) as Promise<never>;
  };

function batchNames(model: AnyModel): string[] {
  const { batches } = model.get("grid") as Grid;
  return Array.from({ length: batches }, (_, index) => `cells_${index}`);
}
