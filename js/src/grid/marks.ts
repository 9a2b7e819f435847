// What a person thinks of a clip: shown at once, and taken back when the kernel refuses it.

import { useCallback, useState } from "preact/hooks";
import type { Spot } from "./axes";
import type { Ask, Marks } from "./context";

export const UNMARKED: Marks = { rating: 0, star: false, note: "" };

const COMMANDS = { rating: "rate", star: "star", note: "note" } as const;
export type AskMark = (
  command: (typeof COMMANDS)[keyof Marks],
  payload: object,
) => Promise<object | undefined>;

/** Asks for each change of what `target` names; the answers, undefined where one was refused. */
export function askMarks(ask: AskMark, target: object, changes: Partial<Marks>) {
  const names = Object.keys(changes) as (keyof Marks)[];
  return Promise.all(names.map((name) => ask(COMMANDS[name], { ...target, [name]: changes[name] })));
}

/** What is left of the changes that wait for an answer once these have got theirs. */
export function without(pending: Partial<Marks>, answered: Partial<Marks>): Partial<Marks> {
  const left = Object.entries(pending).filter(([name, value]) => answered[name as keyof Marks] !== value);
  return Object.fromEntries(left);
}

/** What is read out about a change; a note is read where it is written. */
export function spokenOf({ rating, star }: Partial<Marks>): string {
  if (rating !== undefined) return rating === 0 ? "Rating cleared" : `Rated ${rating} of 5`;
  return star === undefined ? "" : star ? "Starred" : "Star taken away";
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
      // Answered, the trait says it; refused, it never was.
      void askMarks(ask as AskMark, { cell: cell.key, sample }, changes).then(() =>
        setPending((all) => {
          const { [id]: mine = {}, ...others } = all;
          const left = without(mine, changes);
          return Object.keys(left).length === 0 ? others : { ...others, [id]: left };
        }),
      );
    },
    [ask],
  );
  return [marksOf, mark];
}
