// The gallery's scroll box: of thousands of tiles only those on screen are on the page.

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { DWELL_MS } from "../../core/ui/visibility";
import { usePanel } from "../context";
import { Edge, useSetHeight } from "./height";
import { layoutOf, placeOf, rangeOf, scrollTo, stay, stepOf } from "./layout";
import type { Pages } from "./pages";
import { Tile, type TileActions } from "./tile";

/** Milliseconds for which the pointer rests on a tile before it plays. */
export const POINT_MS = 140;
/** Clips that can be chosen at once; the kernel takes no more. */
export const MOST = 500;

interface TilesProps {
  pages: Pages;
  total: number;
  /** How high the box was with all clips in it. */
  room: { current: number };
  /** Whether it keeps that height, so that a search moves nothing. */
  keeps: boolean;
  onDelete: () => void;
}

export function Tiles({ pages, total, room, keeps, onDelete }: TilesProps) {
  const { chosen, choose, open, say } = usePanel();
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [height, setHeight] = useSetHeight();
  useLayoutEffect(() => {
    if (!keeps && size.height > 0) room.current = size.height;
  }, [keeps, size, room]);
  const [top, setTop] = useState(0);
  const lead = useRef(0);
  const turn = useRef(pages.turn);
  const drawn = useRef<{ key: string; index: number }[]>([]);
  const scrollBy = useRef(0);
  const above = useRef(0);
  const [active, setActive] = useState({ key: "", index: 0 });
  const focusing = useRef(false);
  const anchor = useRef("");
  const [playing, point] = usePointed();

  let layout = layoutOf(size.width, total, lead.current);
  if (turn.current !== pages.turn) {
    turn.current = pages.turn;
    const element = box.current;
    const stays = element !== null && (element.scrollTop > 0 || element.matches(":hover, :focus-within"));
    if (pages.turned || !stays) {
      lead.current = 0;
      above.current = 0;
      if (pages.turned && element !== null) scrollBy.current = -element.scrollTop;
    } else {
      // The first tile that was on screen and is still there stays where it is.
      const kept = drawn.current.find(({ key }) => pages.indexOf(key) >= 0);
      if (kept !== undefined) {
        const is = pages.indexOf(kept.key);
        const kind = stay(layoutOf(size.width, total, lead.current), kept.index, is);
        above.current = Math.max(0, above.current + is - kept.index);
        lead.current = kind.lead;
        scrollBy.current = kind.scroll;
      }
    }
    layout = layoutOf(size.width, total, lead.current);
    if (layout.height <= size.height && lead.current > 0) {
      // All fits: nothing has to stay.
      lead.current = 0;
      layout = layoutOf(size.width, total);
    }
  }
  const at = Math.max(0, Math.min(top + scrollBy.current, layout.height - size.height));
  const [from, to] = rangeOf(layout, at, size.height);
  useEffect(() => pages.want(from, to), [pages, from, to]);
  useLayoutEffect(() => {
    if (scrollBy.current === 0 || box.current === null) return;
    box.current.scrollTop = Math.max(0, box.current.scrollTop + scrollBy.current);
    scrollBy.current = 0;
    setTop(box.current.scrollTop);
  });

  // Nothing is above where all of it is on screen.
  if (layout.height <= size.height || at < layout.pitch / 2) above.current = 0;

  // The clip that was active, wherever it is now; without it what stands in its place.
  const found = active.key === "" ? -1 : pages.indexOf(active.key);
  const activeIndex = Math.min(Math.max(0, total - 1), found >= 0 ? found : active.index);
  const indexes = useMemo(() => {
    const all = Array.from({ length: to - from }, (_, step) => from + step);
    // Else the keyboard's focus would go with a tile that is scrolled away.
    if (activeIndex < from) all.unshift(activeIndex);
    else if (activeIndex >= to && activeIndex < total) all.push(activeIndex);
    return all;
  }, [from, to, activeIndex, total]);
  drawn.current = [];
  for (const index of indexes) {
    const key = pages.item(index)?.key;
    const { y } = placeOf(layout, index);
    if (key !== undefined && y + layout.pitch > at && y < at + size.height)
      drawn.current.push({ key, index });
  }

  // A tile that goes takes the focus with it, and the browser says nothing.
  const focused = box.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    if (!focusing.current && !(focused && document.activeElement === document.body)) return;
    const tile = box.current?.querySelector<HTMLElement>('.veo-tile[tabindex="0"]');
    if (!tile) return;
    focusing.current = false;
    tile.focus({ preventScroll: true });
  });

  const chosenSet = useMemo(() => new Set(chosen), [chosen]);
  const latest = useRef({ pages, chosen, chosenSet, activeIndex });
  latest.current = { pages, chosen, chosenSet, activeIndex };

  const pick = useCallback(
    async (index: number, how: "range" | "add") => {
      const now = latest.current;
      const item = now.pages.item(index);
      if (item === undefined) return;
      if (item.kind === "none") return say("There is no clip here that could be chosen.");
      setActive({ key: item.key, index });
      const start = now.pages.indexOf(anchor.current);
      if (how === "range" && start >= 0) {
        const items = await now.pages.between(Math.min(start, index), Math.max(start, index));
        if (items === undefined) return say("No answer from the kernel: it may be busy.");
        if (index < start) items.reverse();
        const more = items.filter(({ kind }) => kind !== "none").map(({ key }) => key);
        const all = [...new Set([...latest.current.chosen, ...more])];
        if (all.length > MOST) say(`At most ${MOST} clips can be chosen at once.`);
        choose(all.slice(0, MOST));
        return;
      }
      anchor.current = item.key;
      if (now.chosenSet.has(item.key)) choose(now.chosen.filter((key) => key !== item.key));
      else if (now.chosen.length < MOST) choose([...now.chosen, item.key]);
      else say(`At most ${MOST} clips can be chosen at once.`);
    },
    [choose, say],
  );

  const actions = useMemo<TileActions>(
    () => ({
      open: (index) => {
        const item = latest.current.pages.item(index);
        if (item === undefined) return;
        point("", false);
        setActive({ key: item.key, index });
        open({ kind: "details", clip: item.key });
      },
      pick: (index, how) => void pick(index, how),
      focus: (index, seen) => {
        const key = latest.current.pages.item(index)?.key ?? "";
        if (seen) point(key, true);
        setActive((now) => (now.key === key && now.index === index ? now : { key, index }));
      },
      point: (key, on) => point(key, on, POINT_MS),
    }),
    [open, pick, point],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = stepOf(layout, activeIndex, event.key, size.height);
    const { key } = event;
    if (step !== undefined) {
      const item = pages.item(step);
      setActive({ key: item?.key ?? "", index: step });
      focusing.current = true;
      const element = box.current;
      if (element !== null) {
        element.scrollTop = scrollTo(layout, step, element.scrollTop, size.height);
        setTop(element.scrollTop);
      }
      if (event.shiftKey && key.startsWith("Arrow")) {
        if (pages.indexOf(anchor.current) < 0) anchor.current = pages.item(activeIndex)?.key ?? "";
        void pick(step, "range");
      }
    } else if (key === "Enter") actions.open(activeIndex);
    else if (key === "x" || key === "X" || key === " ")
      actions.pick(activeIndex, event.shiftKey ? "range" : "add");
    else if (key === "Delete" || key === "Backspace") {
      const item = pages.item(activeIndex);
      if (chosen.length === 0 && item !== undefined && item.kind !== "none") choose([item.key]);
      onDelete();
    } else if (key === "Escape" && chosen.length > 0) choose([]);
    else return;
    event.preventDefault();
  };

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    if (element.scrollTop < layout.pitch / 2) above.current = 0;
    if (element.scrollTop <= 0) lead.current = 0;
    setTop(element.scrollTop);
  };
  const toTop = () => {
    lead.current = 0;
    above.current = 0;
    if (box.current) box.current.scrollTop = 0;
    setTop(0);
  };

  return (
    <div class="veo-tiles-frame">
      {above.current > 0 && (
        <button type="button" class="veo-button veo-tiles-new" onClick={toTop}>
          {above.current} new above
        </button>
      )}
      <div
        ref={box}
        class="veo-tiles"
        role="listbox"
        aria-label="Clips"
        aria-multiselectable="true"
        data-choosing={chosen.length > 0}
        data-set={height > 0}
        style={{
          height: height > 0 ? `${height}px` : null,
          minHeight: keeps && height === 0 ? `${room.current}px` : null,
        }}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div
          class="veo-tiles-all"
          role="presentation"
          style={{ height: `${size.width > 0 ? layout.height : 0}px` }}
        >
          {size.width > 0 &&
            indexes.map((index) => {
              const item = pages.item(index);
              const key = item?.key ?? "";
              return (
                <Tile
                  key={key || `#${index}`}
                  item={item}
                  index={index}
                  count={total}
                  {...placeOf(layout, index)}
                  width={layout.width}
                  picture={layout.picture}
                  active={index === activeIndex}
                  chosen={chosenSet.has(key)}
                  playing={key !== "" && playing === key}
                  actions={actions}
                />
              );
            })}
        </div>
      </div>
      <Edge shown={size.height} set={setHeight} />
    </div>
  );
}

/** The width and height inside the box, once it has some. */
function useSize(box: { readonly current: HTMLElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = () =>
      setSize((now) => {
        const { clientWidth: width, clientHeight: height } = element;
        return now.width === width && now.height === height ? now : { width, height };
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return size;
}

/** The clip that plays: the one that somebody has pointed at for a moment, by mouse or by keyboard. */
function usePointed(): [string, (key: string, on: boolean, after?: number) => void] {
  const [playing, setPlaying] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const point = useCallback((key: string, on: boolean, after = DWELL_MS) => {
    clearTimeout(timer.current);
    if (!on) setPlaying("");
    else if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      timer.current = setTimeout(() => setPlaying(key), after);
    }
  }, []);
  return [playing, point];
}
