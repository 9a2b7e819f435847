// A view that outlives its place. A tree (what is drawn, with its players and all) belongs to the model, not to the place.
//
// What Lab saves is whatever an output last showed, and a widget saved would be an error message after a restart. So the
// output becomes words or a table that need no kernel, and as long as the kernel lives the page lays the living tree
// over them, found by the token in both. So the tree moves: from the widget's output to what took its place, with what
// is chosen, open and loaded.

import type { AnyModel } from "@anywidget/types";
import { type ComponentChild, render } from "preact";
import { connect, type Request } from "./connection";
import type { Stage, ViewKind } from "./stage";

/** Milliseconds for which a tree without a place waits for another: the notebook changes outputs in steps. */
export const SPARE_MS = 4000;

export type Scene = Pick<Stage, "model" | "clock" | "signal">;

/** What is drawn anew after each change of the model; `moves` counts how often the tree has changed its place. */
export type Draw = (moves: number) => ComponentChild;

export interface Laid {
  /** The attribute of the saved output that carries the token. */
  saved: string;
  /** The class of the tree's own element. */
  root: string;
  tokenOf: (model: AnyModel) => string;
  /** The model's events after which it is drawn anew. */
  eventsOf: (model: AnyModel) => string[];
  /** Made once for each tree, and gone with the signal. */
  make: (scene: Scene, request: Request, signal: AbortSignal) => Draw;
  /** Called once the widget itself is on the stage. */
  shown?: (stage: Stage) => void;
}

/** The kind of view whose tree lies over its saved output while the kernel lives. */
export function overSaved(laid: Laid): ViewKind {
  const trees = new Set<Tree>();
  let home: Scene | undefined;

  const take = (scene: Scene): Tree => {
    const spare = [...trees].find((tree) => tree.spare);
    if (spare !== undefined) return spare;
    const tree = new Tree(laid, scene, () => trees.delete(tree));
    trees.add(tree);
    return tree;
  };
  const savedOutputs = (model: AnyModel) => [
    ...document.querySelectorAll<HTMLElement>(`[${laid.saved}="${CSS.escape(laid.tokenOf(model))}"]`),
  ];

  return {
    open(scene) {
      home = scene;
      const look = () => {
        for (const tree of trees) tree.check();
        for (const host of savedOutputs(scene.model)) {
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
      laid.shown?.(stage);
    },
  };
}

class Tree {
  place: HTMLElement | undefined;
  private readonly root = document.createElement("div");
  private readonly controller = new AbortController();
  private readonly drawn: Draw;
  private moves = 0;
  private focused: HTMLElement | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = false;

  constructor(
    private readonly laid: Laid,
    scene: Scene,
    private readonly ended: () => void,
  ) {
    const { model } = scene;
    const { signal } = this.controller;
    this.root.className = laid.root;
    scene.signal.addEventListener("abort", this.end, { signal });
    this.drawn = laid.make(scene, connect(model, signal), signal);
    this.root.addEventListener("focusin", (event) => {
      this.focused = event.target as HTMLElement;
    });
    this.root.addEventListener("focusout", (event) => {
      // Taken out of the page, it loses the focus without this event, or to nothing.
      if (event.relatedTarget !== null) this.focused = undefined;
    });
    const events = laid.eventsOf(model);
    for (const name of events) model.on(name, this.changed);
    signal.addEventListener("abort", () => {
      for (const name of events) model.off(name, this.changed);
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
    if (place.hasAttribute(this.laid.saved)) place.setAttribute("data-live", "true");
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

  /** Notice that the saved output it lies over has been taken out of the page, or has come back. */
  check(): void {
    if (this.place === undefined || !this.place.hasAttribute(this.laid.saved)) return;
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
    render(this.drawn(this.moves), this.root);
  }
}
