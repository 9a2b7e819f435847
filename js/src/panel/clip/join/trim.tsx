// What stays of a piece: a bar with a handle at each end, and a field for each.

import type { TargetedEvent } from "preact";
import { useRef } from "preact/hooks";
import { follow } from "../../../grid/layers/panes";
import { formatPosition } from "../../../grid/player/sync";
import { type JoinPart, trim } from "./pieces";

interface TrimProps {
  part: JoinPart;
  name: string;
  /** The piece as it is now, and the second of the clip that is looked at meanwhile. */
  onTrim: (part: JoinPart, look: number) => void;
}

type Side = "start" | "end";

export function Trim({ part, name, onTrim }: TrimProps) {
  const bar = useRef<HTMLDivElement>(null);
  const latest = useRef(part);
  latest.current = part;
  const { duration, fps } = part.item;
  const set = (side: Side, seconds: number) => {
    if (!Number.isFinite(seconds)) return;
    const next = trim(latest.current, side === "start" ? { start: seconds } : { end: seconds });
    latest.current = next;
    onTrim(next, next[side]);
  };
  const grab = (side: Side) => (event: PointerEvent) => {
    const width = bar.current?.getBoundingClientRect().width ?? 0;
    if (event.button !== 0 || width === 0) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).focus();
    const from = latest.current[side];
    let moved = 0;
    follow(event.currentTarget as HTMLElement, event, (dx) => {
      moved += dx;
      set(side, from + (moved / width) * duration);
    });
  };
  const press = (side: Side) => (event: KeyboardEvent) => {
    const now = latest.current[side];
    const step = event.shiftKey ? 1 : 1 / (fps || 24);
    const to = {
      ArrowLeft: now - step,
      ArrowDown: now - step,
      ArrowRight: now + step,
      ArrowUp: now + step,
      PageDown: now - 1,
      PageUp: now + 1,
      Home: 0,
      End: duration,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(side, to);
  };
  const share = (seconds: number) => `${duration > 0 ? (seconds / duration) * 100 : 0}%`;
  const handle = (side: Side, text: string) => (
    <div
      class="veo-trim-handle"
      data-side={side}
      role="slider"
      tabIndex={0}
      aria-label={`${text} of ${name}`}
      aria-valuemin={0}
      aria-valuemax={duration}
      aria-valuenow={part[side]}
      aria-valuetext={formatPosition(part[side])}
      onPointerDown={grab(side)}
      onKeyDown={press(side)}
    />
  );
  const take = (side: Side) => (event: TargetedEvent<HTMLInputElement>) => {
    set(side, event.currentTarget.valueAsNumber);
    // What was not possible is not left standing there.
    event.currentTarget.value = String(latest.current[side]);
  };
  const field = (side: Side, text: string) => (
    <label>
      {text}
      <input
        type="number"
        aria-label={`${text}: ${side} of ${name}, in seconds`}
        min={0}
        max={duration}
        step={0.1}
        value={part[side]}
        onChange={take(side)}
        // Outside of a form Enter ends nothing, and a person who pressed it looks for the new end.
        onKeyDown={(event) => event.key === "Enter" && take(side)(event)}
      />
      s
    </label>
  );
  return (
    <div class="veo-trim" style={{ "--veo-start": share(part.start), "--veo-end": share(part.end) }}>
      <div ref={bar} class="veo-trim-bar">
        {handle("start", "Start")}
        {handle("end", "End")}
      </div>
      <div class="veo-trim-fields">
        {field("start", "from")}
        {field("end", "to")}
      </div>
    </div>
  );
}
