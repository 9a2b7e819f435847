// Where a grid is drawn. A tree (the drawn grid with its player and all) belongs to the model, not to the place.
//
// Once everything is done, the notebook's output becomes the saved table, which needs no kernel; the page lays
// the living grid over it as long as the kernel lives, found by the token in both. So the tree moves: from the
// widget's output to the table that took its place, with what is chosen, open and loaded.

import type { AnyModel } from "@anywidget/types";
import { h, render } from "preact";
import type { Clock } from "../core/clock";
import { connect } from "../core/connection";
import { stillSource } from "../core/sources";
import type { Stage, ViewKind } from "../core/stage";
import type { Grid, GridCell, GridSummary } from "../protocol.gen";
import { type Ask, type GridContext, makeContext } from "./context";
import { GridView } from "./view";

/** Milliseconds for which a tree without a place waits for another: the notebook changes outputs in steps. */
export const SPARE_MS = 4000;
/** The attribute of the saved table that carries the token. */
export const SAVED = "data-veo-grid";

interface Scene {
  model: AnyModel;
  clock: Clock;
  signal: AbortSignal;
}

/** The kind of view that shows a sweep. */
export function openGrids(): ViewKind {
  const trees = new Set<Tree>();
  let home: Scene | undefined;

  const take = (scene: Scene): Tree => {
    const spare = [...trees].find((tree) => tree.spare);
    if (spare !== undefined) return spare;
    const tree = new Tree(scene, () => trees.delete(tree));
    trees.add(tree);
    return tree;
  };

  return {
    open(scene) {
      home = scene;
      const look = () => {
        for (const tree of trees) tree.check();
        for (const host of savedTables(scene.model)) {
          if (![...trees].some((tree) => tree.place === host)) take(scene).put(host);
        }
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true, subtree: true });
      scene.signal.addEventListener("abort", () => observer.disconnect(), { once: true });
      look();
    },
    show(stage: Stage) {
      // What hangs on the view's own model is cut off with the view; the tree may outlive it.
      const tree = take(home ?? stage);
      tree.put(stage.el);
      stage.signal.addEventListener("abort", () => tree.leave(stage.el, home === undefined ? 0 : SPARE_MS), {
        once: true,
      });
    },
  };
}

/** The saved tables of this model that stand in the page. */
function savedTables(model: AnyModel): HTMLElement[] {
  const { token } = model.get("grid") as Grid;
  return [...document.querySelectorAll<HTMLElement>(`[${SAVED}="${CSS.escape(token)}"]`)];
}

class Tree {
  place: HTMLElement | undefined;
  private readonly root = document.createElement("div");
  private readonly controller = new AbortController();
  private readonly context: GridContext;
  private readonly request: Ask;
  private moves = 0;
  private focused: HTMLElement | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = false;

  constructor(
    private readonly scene: Scene,
    private readonly ended: () => void,
  ) {
    const { model, clock } = scene;
    const { signal } = this.controller;
    this.root.className = "veo-grid-root";
    scene.signal.addEventListener("abort", this.end, { signal });
    const request = connect(model, signal);
    this.request = request as Ask;
    const poster = (cell: string, sample: number) => request("poster", { cell, sample }).then(stillSource);
    this.context = makeContext(poster, clock, signal);
    this.root.addEventListener("focusin", (event) => {
      this.focused = event.target as HTMLElement;
    });
    this.root.addEventListener("focusout", (event) => {
      // Taken out of the page, it loses the focus without this event, or to nothing.
      if (event.relatedTarget !== null) this.focused = undefined;
    });
    const names = ["grid", "summary", ...batchNames(model)].map((name) => `change:${name}`);
    for (const name of names) model.on(name, this.changed);
    signal.addEventListener("abort", () => {
      for (const name of names) model.off(name, this.changed);
      clearTimeout(this.timer);
      render(null, this.root);
      this.root.remove();
    });
  }

  /** Whether nothing in the page shows it. */
  get spare(): boolean {
    return this.place === undefined || !this.place.isConnected;
  }

  put(place: HTMLElement): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const moved = this.place !== undefined || this.moves > 0;
    this.place?.removeAttribute("data-live");
    this.place = place;
    place.append(this.root);
    if (place.hasAttribute(SAVED)) place.setAttribute("data-live", "true");
    if (moved) this.moves += 1;
    this.draw();
    if (moved && this.focused?.isConnected && document.activeElement === document.body) {
      this.focused.focus({ preventScroll: true });
    }
  }

  /** Its place is gone; without another within this time it ends. */
  leave(place: HTMLElement, after: number): void {
    if (this.place !== place || this.controller.signal.aborted) return;
    this.place = undefined;
    this.root.remove();
    this.moves += 1;
    if (after === 0) this.end();
    else this.timer = setTimeout(this.end, after);
  }

  /** Notice that the saved table it lies over has been taken out of the page, or has come back. */
  check(): void {
    if (this.place === undefined || !this.place.hasAttribute(SAVED)) return;
    if (this.place.isConnected) {
      clearTimeout(this.timer);
      this.timer = undefined;
    } else this.timer ??= setTimeout(this.end, SPARE_MS);
  }

  private readonly end = () => {
    if (this.controller.signal.aborted) return;
    this.place?.removeAttribute("data-live");
    this.controller.abort();
    this.ended();
  };

  /** Several traits change with one message: draw once. */
  private readonly changed = () => {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => {
      this.waiting = false;
      if (!this.controller.signal.aborted) this.draw();
    });
  };

  private draw(): void {
    const { model } = this.scene;
    const cells = batchNames(model).flatMap((name) => model.get(name) as GridCell[]);
    render(
      h(GridView, {
        grid: model.get("grid") as Grid,
        summary: model.get("summary") as GridSummary,
        cells,
        request: this.request,
        context: this.context,
        moves: this.moves,
      }),
      this.root,
    );
  }
}

function batchNames(model: AnyModel): string[] {
  const { batches } = model.get("grid") as Grid;
  return Array.from({ length: batches }, (_, index) => `cells_${index}`);
}
