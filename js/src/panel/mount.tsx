// Puts a panel on the stage, and draws it again whenever Python writes a trait of it.

import { render } from "preact";
import { type Request, RequestError } from "../core/connection";
import type { Stage } from "../core/stage";
import { type GalleryView, type Queue, ROWS, type Row, type Setup, type SharedDraft } from "../protocol.gen";
import type { Library } from "./context";
import type { PanelRequest } from "./request";
import { PanelView } from "./view";

const TRAITS = ["panel", "draft", "queue", "library", "shelves", "chosen", "view"];
const LIBRARY_NAMES = ["change:library", "change:shelves"];
const ROW_TRAITS = Array.from({ length: ROWS }, (_, at) => `row_${at}`);

export function showPanel({ model, el, clock, request, signal }: Stage): void {
  let waiting = false;
  let lost = false;
  const asking: Request = (...what) => {
    const gone = "The kernel was restarted or has ended.";
    return lost
      ? Promise.reject(new RequestError("lost", gone, "Run this panel's cell again."))
      : request(...what);
  };
  // Two traits, since what changes with each job is small: one object for as long as neither does.
  let known: Library | undefined;
  const library = () => {
    known ??= { ...model.get("library"), ...model.get("shelves") } as Library;
    return known;
  };
  const forget = () => {
    known = undefined;
  };
  const draw = () => {
    waiting = false;
    if (signal.aborted) return;
    const rows = ROW_TRAITS.map((name) => model.get(name) as Partial<Row>);
    render(
      <PanelView
        setup={model.get("panel") as Setup}
        shared={model.get("draft") as SharedDraft}
        queue={model.get("queue") as Queue}
        rows={rows.filter((row): row is Row => row.job !== undefined)}
        library={library()}
        chosen={model.get("chosen") as string[]}
        view={model.get("view") as GalleryView}
        clock={clock}
        request={asking as PanelRequest}
        lost={lost}
        signal={signal}
      />,
      el,
    );
  };
  // Several traits change with one message: draw once.
  const changed = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(draw);
  };
  // Lab says so of each of its models when the kernel goes; other hosts say nothing, and requests time out there.
  const disconnected = () => {
    lost = true;
    changed();
  };
  model.on("comm_live_update", disconnected);
  const names = [...TRAITS, ...ROW_TRAITS].map((name) => `change:${name}`);
  for (const name of LIBRARY_NAMES) model.on(name, forget);
  for (const name of names) model.on(name, changed);
  signal.addEventListener(
    "abort",
    () => {
      model.off("comm_live_update", disconnected);
      for (const name of LIBRARY_NAMES) model.off(name, forget);
      for (const name of names) model.off(name, changed);
      render(null, el);
    },
    { once: true },
  );
  draw();
}
