// Moves jobs that have not been sent: by drag and by key, shown at once and taken back when the kernel refuses.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../../protocol.gen";
import { usePanel } from "../context";

export interface Order {
  jobs: readonly string[];
  /** The job that is dragged, and before which one it would go; empty for the end. */
  dragged: string;
  before: string;
  /** One place up or down. */
  step: (job: string, by: -1 | 1) => void;
  /** For the handle's pointer events. */
  grab: (job: string, event: PointerEvent) => void;
}

/** The jobs with this one before that one; empty for the end. */
export function moved(jobs: readonly string[], job: string, before: string): string[] {
  const others = jobs.filter((one) => one !== job);
  const at = before === "" ? others.length : others.indexOf(before);
  return at < 0 ? [...jobs] : [...others.slice(0, at), job, ...others.slice(at)];
}

const canMove = (row: Row) => row.actions.includes("move");

export function useOrder(
  rows: readonly Row[],
  more: number,
  list: { readonly current: HTMLElement | null },
): Order {
  const { ask, say, signal } = usePanel();
  const [pending, setPending] = useState<readonly string[]>();
  const [drag, setDrag] = useState({ dragged: "", before: "" });
  const ending = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => ending.current?.abort(), []);

  const known = rows.map(({ job }) => job);
  // What was asked for stands until the kernel says how it is: then the order has changed.
  const key = known.join();
  const asked = useRef(key);
  if (asked.current !== key) {
    asked.current = key;
    if (pending !== undefined) setPending(undefined);
  }
  const jobs = pending !== undefined && pending.length === known.length ? pending : known;
  const byJob = new Map(rows.map((row) => [row.job, row]));
  const movable = jobs.filter((job) => {
    const row = byJob.get(job);
    return row !== undefined && canMove(row);
  });

  const place = async (job: string, before: string, moving: string) => {
    const next = moved(jobs, job, before);
    if (next.join() === jobs.join()) return;
    setPending(next);
    const line = next.filter((one) => movable.includes(one));
    const at = line.indexOf(moving) + 1;
    const done = await ask("move", { job, before });
    if (done === undefined) setPending(undefined);
    else say(`${moving} is number ${at} of ${line.length + more} that wait`, true);
  };

  const step = (job: string, by: -1 | 1) => {
    const at = movable.indexOf(job);
    const other = movable[at + by];
    if (at < 0) return;
    if (other === undefined) {
      say(by < 0 ? `${job} is sent next` : `${job} is the last that is shown`, true);
    } else if (by < 0) void place(job, other, job);
    // The next one goes before this one: the last that is shown need not be the last.
    else void place(other, job, job);
  };

  const grab = (job: string, event: PointerEvent) => {
    if (event.button !== 0 || ending.current !== undefined) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).focus();
    const life = new AbortController();
    ending.current = life;
    let before = job;
    const end = () => life.abort();
    life.signal.addEventListener("abort", () => {
      ending.current = undefined;
      setDrag({ dragged: "", before: "" });
    });
    signal.addEventListener("abort", end, { signal: life.signal });
    const on = { signal: life.signal };
    setDrag({ dragged: job, before });
    window.addEventListener(
      "pointermove",
      ({ clientY }) => {
        before = placeAt(list.current, movable, clientY);
        setDrag({ dragged: job, before });
      },
      on,
    );
    window.addEventListener("pointercancel", end, on);
    window.addEventListener(
      "keydown",
      (key) => {
        if (key.key !== "Escape") return;
        key.preventDefault();
        key.stopPropagation();
        end();
      },
      { ...on, capture: true },
    );
    window.addEventListener(
      "pointerup",
      () => {
        end();
        if (before !== job) void place(job, before, job);
      },
      on,
    );
  };

  return { jobs, ...drag, step, grab };
}

/** Before which of the jobs the pointer is; empty for after all of them. */
function placeAt(list: HTMLElement | null, jobs: readonly string[], y: number): string {
  for (const job of jobs) {
    const box = list?.querySelector(`[data-job="${CSS.escape(job)}"]`)?.getBoundingClientRect();
    if (box !== undefined && y < box.top + box.height / 2) return job;
  }
  return "";
}
