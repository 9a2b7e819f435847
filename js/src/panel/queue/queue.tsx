// What is on its way: a line for each job, with what happens to it and what can be done.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useNow } from "../../core/clock";
import { formatLine } from "../../core/line";
import type { Queue, Row } from "../../protocol.gen";
import { usePanel } from "../context";
import { useChanges } from "./changes";
import { useOrder } from "./order";
import "./queue.css";
import { JobRow } from "./row";

interface QueueProps {
  queue: Queue;
  rows: readonly Row[];
}

export function QueueList({ queue, rows }: QueueProps) {
  const { clock } = usePanel();
  const section = useRef<HTMLElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const shown = useMemo(() => inOrder(queue.order, rows), [queue, rows]);
  const order = useOrder(shown, queue.more, list);
  const byJob = new Map(shown.map((row) => [row.job, row]));
  const now = useNow(
    clock,
    queue.line.some((part) => typeof part !== "string"),
  );
  const [asking, setAsking] = useState("");
  useChanges(shown);
  useFocus(section, order.jobs);
  const held = useHeldHeight(section, list, shown.length);

  return (
    <section ref={section} class="veo-queue" role="group" aria-label="Queue">
      <div class="veo-part-head">
        <h2 tabIndex={-1}>Queue</h2>
        <span class="veo-soft">{formatLine(queue.line, now)}</span>
      </div>
      {shown.length === 0 ? (
        <p class="veo-queue-empty" style={held > 0 ? { minHeight: `${held}px` } : {}}>
          Nothing is on its way. What you generate stands here until it is done.
        </p>
      ) : (
        <ol ref={list} class="veo-jobs" style={held > 0 ? { minHeight: `${held}px` } : {}}>
          {order.jobs.map((job) => {
            const row = byJob.get(job);
            return (
              row && (
                <JobRow
                  key={job}
                  row={row}
                  clock={clock}
                  order={order}
                  asking={asking === job}
                  onAsking={(asks) => setAsking(asks ? job : "")}
                />
              )
            );
          })}
          {queue.more > 0 && <li class="veo-job-more">and {queue.more} more that wait</li>}
        </ol>
      )}
    </section>
  );
}

/** The rows as they are shown. A row that is not in the order has just gone, one that is missing is just coming. */
export function inOrder(order: readonly string[], rows: readonly Row[]): Row[] {
  const byJob = new Map(rows.map((row) => [row.job, row]));
  return order.map((job) => byJob.get(job)).filter((row) => row !== undefined);
}

/** When a row goes with the focus in it, the one that takes its place gets it, or the queue's head. */
function useFocus(section: { current: HTMLElement | null }, jobs: readonly string[]): void {
  const before = useRef<readonly string[]>([]);
  // Before what goes is taken away: a browser does not say that its focus went with it.
  const row = document.activeElement?.closest<HTMLElement>(".veo-job");
  const job = row && section.current?.contains(row) ? row.dataset["job"] : undefined;
  useLayoutEffect(() => {
    const at = before.current.indexOf(job ?? "");
    before.current = jobs;
    if (at < 0 || jobs.includes(job ?? "")) return;
    const rows = section.current?.querySelectorAll<HTMLElement>(".veo-job") ?? [];
    const next = rows[Math.min(at, rows.length - 1)];
    (next ?? section.current?.querySelector("h2"))?.focus({ preventScroll: true });
  });
}

/**
 * The height that the list keeps though rows went, 0 for none: while somebody points at what is below, it must not
 * move up under the pointer.
 */
function useHeldHeight(
  section: { current: HTMLElement | null },
  list: { current: HTMLElement | null },
  count: number,
): number {
  const [held, setHeld] = useState(0);
  const last = useRef({ count, height: 0 });
  const now = last.current;
  // While it is drawn: a frame later everything would have moved.
  const holds =
    held > 0 || (count < now.count && section.current?.parentElement?.matches(POINTED_AT) === true);
  const wanted = holds ? Math.max(held, now.height) : 0;

  useLayoutEffect(() => {
    last.current = { count, height: list.current?.offsetHeight ?? 0 };
    if (wanted !== held) setHeld(wanted);
  });
  useLayoutEffect(() => {
    const part = section.current?.parentElement;
    if (held === 0 || !part) return undefined;
    const look = () => {
      if (!part.matches(POINTED_AT)) setHeld(0);
    };
    part.addEventListener("pointerout", look);
    part.addEventListener("pointermove", look);
    return () => {
      part.removeEventListener("pointerout", look);
      part.removeEventListener("pointermove", look);
    };
  }, [held, section]);
  return wanted;
}

const POINTED_AT = ":has(> :is(.veo-queue, .veo-gallery):hover)";
