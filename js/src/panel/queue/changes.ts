// Reads out what came of the jobs; that one is being sent or goes on is on the screen, and would never end.

import { useEffect, useRef } from "preact/hooks";
import type { Row, State } from "../../protocol.gen";
import { usePanel } from "../context";

const ENDS: Partial<Record<State, string>> = {
  failed: "failed",
  blocked: "blocked by the safety filter",
  cancelled: "stopped",
  uncertain: "its answer was lost",
};
const AT_WORK: ReadonlySet<State> = new Set(["submitting", "running", "downloading"]);
/** Of more jobs at once it says how many. */
const ONE_BY_ONE = 2;

/** What became of each job between two drawings. One that went while it was at work was made. */
export function changesOf(before: ReadonlyMap<string, State>, rows: readonly Row[]): [string, string][] {
  const changes: [string, string][] = [];
  const here = new Set<string>();
  for (const { job, state } of rows) {
    here.add(job);
    const was = before.get(job);
    const end = ENDS[state];
    if (was !== undefined && was !== state && end !== undefined) changes.push([job, end]);
  }
  for (const [job, state] of before) if (!here.has(job) && AT_WORK.has(state)) changes.push([job, "made"]);
  return changes;
}

export function textOf(changes: readonly [job: string, end: string][]): string {
  if (changes.length <= ONE_BY_ONE) return changes.map(([job, end]) => `${job}: ${end}`).join(". ");
  const counts = new Map<string, number>();
  for (const [, end] of changes) counts.set(end, (counts.get(end) ?? 0) + 1);
  return [...counts].map(([end, count]) => `${count} ${end}`).join(", ");
}

export function useChanges(rows: readonly Row[]): void {
  const { say } = usePanel();
  const before = useRef<ReadonlyMap<string, State>>(new Map());
  useEffect(() => {
    const changes = changesOf(before.current, rows);
    before.current = new Map(rows.map(({ job, state }) => [job, state]));
    if (changes.length > 0) say(textOf(changes), true);
  }, [rows, say]);
}
