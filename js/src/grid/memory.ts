// What a grid remembers between two drawings: notices, commands under way.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { GridSummary } from "../protocol.gen";
import type { Spot } from "./axes";
import type { Ask, Marks } from "./context";

/** Milliseconds for which a word to the person stands in the summary's place. */
const NOTICE_MS = 8000;
const UNMARKED: Marks = { rating: 0, star: false, note: "" };

/** Words to the person: shown for a while, or only read out. */
export function useNotice(): [{ shown: string; said: string }, (text: string, unseen?: boolean) => void] {
  const [notice, setNotice] = useState({ shown: "", said: "" });
  useEffect(() => {
    if (notice.said === "") return undefined;
    const timer = setTimeout(() => setNotice({ shown: "", said: "" }), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const say = useCallback(
    (text: string, unseen = false) => setNotice({ shown: unseen ? "" : text, said: text }),
    [],
  );
  return [notice, say];
}

/** Reads out that all is done, once: what happens to each of 200 cells would never end. */
export function useEndNotice(summary: GridSummary, say: (text: string, unseen: boolean) => void): void {
  const running = summary.actions.includes("cancel-all");
  const before = useRef(running);
  useEffect(() => {
    if (before.current && !running) {
      say(summary.line.filter((part) => typeof part === "string").join(" · "), true);
    }
    before.current = running;
  }, [running, summary, say]);
}

/** The marks of a clip, with what was just changed shown at once and taken back when it is refused. */
export function useMarks(ask: Ask): [(spot: Spot) => Marks, (spot: Spot, changes: Partial<Marks>) => void] {
  const [pending, setPending] = useState<Readonly<Record<string, Partial<Marks>>>>({});
  const marksOf = useCallback(
    ({ id, cell, sample }: Spot): Marks => ({ ...UNMARKED, ...cell?.clips[sample], ...pending[id] }),
    [pending],
  );
  const mark = useCallback(
    (spot: Spot, changes: Partial<Marks>) => {
      const { id, cell, sample } = spot;
      if (cell === undefined) return;
      setPending((all) => ({ ...all, [id]: { ...all[id], ...changes } }));
      const target = { cell: cell.key, sample };
      const asked = [
        changes.rating !== undefined && ask("rate", { ...target, rating: changes.rating }),
        changes.star !== undefined && ask("star", { ...target, star: changes.star }),
        changes.note !== undefined && ask("note", { ...target, note: changes.note }),
      ];
      // Answered, the trait says it; refused, it never was.
      void Promise.all(asked).then(() =>
        setPending((all) => {
          const { [id]: mine = {}, ...others } = all;
          const left = Object.entries(mine).filter(([name, value]) => changes[name as keyof Marks] !== value);
          return left.length === 0 ? others : { ...others, [id]: Object.fromEntries(left) };
        }),
      );
    },
    [ask],
  );
  return [marksOf, mark];
}
