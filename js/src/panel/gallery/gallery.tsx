// All that is in the library: search, filters, and as many stills as the screen holds.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useKeptFocus } from "../../core/ui/focus";
import type { GalleryView } from "../../protocol.gen";
import type { Library } from "../context";
import { usePanel, useSettled } from "../context";
import { GalleryBar } from "./bar";
import { ALL, Filters, narrowed, OrderMenu, sameView } from "./filters";
import "./gallery.css";
import { EDGE } from "./height";
import { PAGE, Pages } from "./pages";
import { useView } from "./saved-view";
import "./tile.css";
import { Tiles } from "./tiles";

/** Milliseconds after the last letter until it is searched for. */
export const SEARCH_MS = 200;

interface GalleryProps {
  library: Library;
  view: GalleryView;
}

export function Gallery({ library, view: kept }: GalleryProps) {
  const { request, say, signal } = usePanel();
  const [view, change] = useView(kept);
  const [, redraw] = useState(0);
  const [pages] = useState(() => new Pages(view, request, signal, () => redraw((count) => count + 1)));
  const [asking, setAsking] = useState(false);
  const room = useRef(0);
  const section = useRef<HTMLElement>(null);
  useKeptFocus(section, firstOf);

  // Letters come one after the other; what is picked from a menu is meant at once.
  const settled = useSettled(view.search, SEARCH_MS);
  const search = view.search === "" ? "" : settled;
  const looked = useRef(view);
  useEffect(() => {
    const next = { ...view, search };
    if (sameView(next, looked.current)) return;
    looked.current = next;
    pages.look(next);
  }, [pages, view, search]);
  useChange(library.version, () => pages.refresh());

  const { total, uncounted, problem, turning, turn } = pages;
  const text = countOf(total, library.total, pages.view, turning, uncounted);
  // Once, with the number that holds.
  useChange(uncounted ? turn - 1 : turn, () => pages.turned && turn > 1 && say(text, true));
  const clear = () => change({ ...ALL, order: view.order });
  const stuck = problem !== "";
  const way = stuck
    ? { label: "Try again", action: () => pages.retry() }
    : narrowed(view)
      ? { label: "Clear the filters", action: clear }
      : undefined;

  return (
    <section ref={section} class="veo-gallery" role="group" aria-label="Gallery" aria-busy={turning}>
      <div class="veo-part-head">
        <h2 tabIndex={-1}>Gallery</h2>
      </div>
      <Filters view={view} library={library} onChange={change} />
      <GalleryBar
        text={stuck ? `${problem} It is asked again by itself.` : text}
        way={way}
        asking={asking}
        onAsking={setAsking}
        onGone={() => pages.refresh()}
      >
        <OrderMenu view={view} onChange={change} />
      </GalleryBar>
      {total === 0 ? (
        <p
          class="veo-gallery-empty"
          data-narrowed={narrowed(pages.view)}
          style={{ minHeight: room.current > 0 ? `${room.current + EDGE}px` : null }}
        >
          {narrowed(pages.view)
            ? "No clip is like that. Clear a filter, or search for fewer words."
            : "Nothing is here yet. Write a prompt and press Generate: every clip that you make stands here, those from cells too."}
        </p>
      ) : (
        <Tiles
          pages={pages}
          total={total ?? Math.min(library.total, PAGE)}
          room={room}
          keeps={turning || narrowed(pages.view)}
          onDelete={() => setAsking(true)}
        />
      )}
    </section>
  );
}

/** Where the keyboard goes on in a gallery: at its clip, or at its head where there is none. */
function firstOf(gallery: Element): HTMLElement | null {
  return gallery.querySelector('.veo-tile[tabindex="0"]') ?? gallery.querySelector("h2");
}

/** How many there are, in words. */
export function countOf(
  total: number | undefined,
  all: number,
  view: GalleryView,
  turning: boolean,
  uncounted = false,
): string {
  if (total === undefined) return "Looking into the library…";
  if (turning) return "Looking…";
  const clips = (count: number) => (count === 1 ? "1 clip" : `${count.toLocaleString()} clips`);
  if (!narrowed(view)) return clips(total);
  return `${uncounted ? "At least " : ""}${total.toLocaleString()} of ${clips(all)}`;
}

/** Does something when a value has changed, not when it is first seen. */
function useChange(value: number, does: () => void): void {
  const before = useRef(value);
  useLayoutEffect(() => {
    if (before.current === value) return;
    before.current = value;
    does();
  });
}
