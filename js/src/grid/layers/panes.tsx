// One clip large, or two compared: side by side, one over the other with a wipe, or their difference.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Shape } from "../../protocol.gen";
import { AT_REST, drag, wheelFactor, type Zoom, zoomAt } from "./zoom";

export type Mode = "single" | "beside" | "wipe" | "difference";

export interface Pane {
  id: string;
  shape: Shape;
  label: string;
  /** The clip itself, its still and its video. */
  picture: ComponentChildren;
}

interface PanesProps {
  panes: readonly Pane[];
  mode: Mode;
  labels: boolean;
  view: Zoom;
  onView: (view: Zoom) => void;
  /** A click on a picture, or a tap, that moved nothing. */
  onTap?: () => void;
}

/** Half of the way with each press of an arrow key on the wipe's handle would be too far, a hundredth too slow. */
const WIPE_STEP = 0.02;

/** Pixels that a click may move by: hands are not still. */
const TAP = 4;

export function Panes({ panes, mode, labels, view, onView, onTap }: PanesProps) {
  const [wipe, setWipe] = useState(0.5);
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef({ view, onView });
  latest.current = { view, onView };
  const stacked = mode === "wipe" || mode === "difference";

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const controller = new AbortController();
    const frame = (target: EventTarget | null) =>
      ((target as Element).closest(".veo-pane") ?? element).getBoundingClientRect();
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const to = latest.current;
        to.onView(zoomAt(to.view, wheelFactor(event.deltaY), event, frame(event.target)));
      },
      // Said to be not passive: else the page scrolls behind.
      { signal: controller.signal, passive: false },
    );
    return () => controller.abort();
  }, []);

  const pan = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const element = event.currentTarget as HTMLElement;
    const pane = (event.target as Element).closest(".veo-pane")?.getBoundingClientRect();
    if (pane === undefined) return;
    let moved = 0;
    follow(
      element,
      event,
      (dx, dy) => {
        moved += Math.abs(dx) + Math.abs(dy);
        const to = latest.current;
        to.onView(drag(to.view, dx / pane.width, dy / pane.height));
      },
      () => moved <= TAP && onTap?.(),
    );
  };

  return (
    <div
      ref={box}
      class="veo-panes"
      role="group"
      aria-label={panes.map(({ label }) => label).join(" and ")}
      data-mode={mode}
      data-shape={panes[0]?.shape ?? "16:9"}
      style={{
        "--veo-wipe": `${wipe * 100}%`,
        "--veo-zoom": view.zoom,
        "--veo-x": `${view.x * 100}%`,
        "--veo-y": `${view.y * 100}%`,
      }}
      onPointerDown={pan}
      onDblClick={() => onView(AT_REST)}
    >
      {panes.map((pane, place) => (
        <figure key={pane.id} class="veo-pane" data-place={place}>
          <div class="veo-pane-picture">{pane.picture}</div>
          {labels && panes.length > 1 && (
            <figcaption>
              <b>{"AB"[place]}</b> {pane.label}
            </figcaption>
          )}
        </figure>
      ))}
      {stacked && mode === "wipe" && <Wipe value={wipe} onChange={setWipe} box={box} />}
    </div>
  );
}

interface WipeProps {
  value: number;
  onChange: (value: number) => void;
  box: { current: HTMLElement | null };
}

function Wipe({ value, onChange, box }: WipeProps) {
  const set = (share: number) => onChange(Math.min(1, Math.max(0, share)));
  const start = (event: PointerEvent) => {
    const frame = box.current?.getBoundingClientRect();
    if (event.button !== 0 || frame === undefined) return;
    // Else the picture would be dragged along.
    event.stopPropagation();
    const at = (event.clientX - frame.left) / frame.width;
    let moved = 0;
    follow(event.currentTarget as HTMLElement, event, (dx) => {
      moved += dx;
      set(at + moved / frame.width);
    });
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -WIPE_STEP, ArrowRight: WIPE_STEP, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    set(value + by);
  };
  return (
    <div
      class="veo-wipe"
      role="slider"
      tabIndex={0}
      aria-label="Wipe between A and B"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(value * 100)}
      aria-valuetext={`${Math.round(value * 100)} % A`}
      onPointerDown={start}
      onKeyDown={key}
      onDblClick={(event) => event.stopPropagation()}
    >
      <span aria-hidden="true">⇔</span>
    </div>
  );
}

/** Call `moved` with each movement of the pointer until it is let go, and then `released`. */
export function follow(
  element: HTMLElement,
  down: PointerEvent,
  moved: (dx: number, dy: number) => void,
  released?: () => void,
): void {
  const controller = new AbortController();
  const { signal } = controller;
  let [x, y] = [down.clientX, down.clientY];
  element.setPointerCapture(down.pointerId);
  element.addEventListener(
    "pointermove",
    (event) => {
      moved(event.clientX - x, event.clientY - y);
      [x, y] = [event.clientX, event.clientY];
    },
    { signal },
  );
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    element.addEventListener(
      end,
      () => {
        controller.abort();
        if (end === "pointerup") released?.();
      },
      { signal },
    );
  }
}
