// How high the gallery's box is: as high as its tiles up to a bound of the sheet, or as high as a person has set it at
// its lower edge.

import { useRef } from "preact/hooks";
import { useRemembered } from "../../core/remember";

export const LEAST = 160;
export const MOST = 2000;
/** Pixels of the edge itself, as in the sheet. */
export const EDGE = 8;
/** Pixels for one press of an arrow key. */
const STEP = 40;

/** The height that a person has set, 0 for none; and a way to set it, with 0 for none again. */
export function useSetHeight(): [height: number, set: (height: number) => void] {
  const [kept, change] = useRemembered("gallery-height");
  return [bounded(Number(kept)), (height) => change(height === 0 ? "" : String(bounded(height)))];
}

/** A height that a box may have; 0 of nothing, and of what is none. */
export function bounded(height: number): number {
  return height > 0 ? Math.round(Math.min(MOST, Math.max(LEAST, height))) : 0;
}

interface EdgeProps {
  /** As high as the box is now. */
  shown: number;
  set: (height: number) => void;
}

/** The lower edge, which is dragged, or moved with the arrow keys; Home or a double click gives it back to the tiles. */
export function Edge({ shown, set }: EdgeProps) {
  const from = useRef<number>(undefined);
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowUp: shown - STEP, ArrowDown: shown + STEP, Home: 0 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(to === 0 ? 0 : Math.max(LEAST, to));
  };
  return (
    <div
      class="veo-tiles-edge"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the gallery"
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={bounded(shown)}
      aria-valuetext={`${shown} pixels`}
      title="Drag to set the height; double-click for as high as the clips"
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDblClick={() => set(0)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = event.clientY - shown;
      }}
      onPointerMove={(event) => {
        if (from.current !== undefined) set(Math.max(LEAST, event.clientY - from.current));
      }}
      onPointerUp={() => {
        from.current = undefined;
      }}
      onPointerCancel={() => {
        from.current = undefined;
      }}
    />
  );
}
