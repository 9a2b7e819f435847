// What a layer asks about clips, and what is thought of them, shown before the kernel has said so.

import { useCallback, useEffect, useState } from "preact/hooks";
import { refusalOf } from "../../core/connection";
import type { Marks } from "../../grid/context";
import { type AskMark, askMarks, spokenOf, UNMARKED, without } from "../../grid/marks";
import { Player } from "../../grid/player/player";
import type { Details, GalleryView, Item } from "../../protocol.gen";
import { usePanel, useSettled } from "../context";

/** Milliseconds after a change in the library before it is asked about: many come together. */
export const SETTLE_MS = 250;
const PAGE = 120;
/** Pages that are looked through for the clip that is open: beyond, nobody goes on with an arrow key. */
const MOST_PAGES = 20;
interface Known {
  details: Details | undefined;
  /** Why nothing is known. */
  refusal: string;
  again: () => void;
}

/** All that is known of a clip, asked for again when the library has changed. */
export function useDetails(clip: string, version: number): Known {
  const { request } = usePanel();
  const [details, setDetails] = useState<Details>();
  const [refusal, setRefusal] = useState("");
  const [tries, setTries] = useState(0);
  const settled = useSettled(version, SETTLE_MS);
  useEffect(() => {
    let wanted = true;
    request("details", { clip }).then(
      (answer) => {
        if (!wanted) return;
        setDetails(answer);
        setRefusal("");
      },
      (error: unknown) => {
        const { code, text } = refusalOf(error);
        if (wanted && code !== "closed") setRefusal(text);
      },
    );
    return () => {
      wanted = false;
    };
  }, [request, clip, settled, tries]);
  const again = useCallback(() => {
    setRefusal("");
    setTries((count) => count + 1);
  }, []);
  return { details, refusal, again };
}

/** What is thought of a clip, with what was just changed; a refusal takes it back. */
export function useItemMarks(item: Item | undefined): [Marks, (changes: Partial<Marks>) => void] {
  const { ask, say } = usePanel();
  const [pending, setPending] = useState<{ of: Item | undefined; changes: Partial<Marks> }>();
  const changes = pending !== undefined && pending.of === item ? pending.changes : {};
  const marks: Marks = { ...UNMARKED, ...item, ...changes };
  const mark = useCallback(
    async (next: Partial<Marks>) => {
      if (item === undefined) return;
      setPending((now) => ({ of: item, changes: { ...(now?.of === item && now.changes), ...next } }));
      const { key: clip } = item;
      const spoken = spokenOf(next);
      if (spoken !== "") say(spoken, true);
      const done = await askMarks(ask as AskMark, { clip }, next);
      if (done.every((answer) => answer !== undefined)) return;
      setPending((now) => now && { ...now, changes: without(now.changes, next) });
    },
    [ask, say, item],
  );
  return [marks, mark];
}

/** The clips before and after this one in the gallery, once they are known; empty at an end. */
export function useNeighbours(
  clip: string,
  view: GalleryView,
  version: number,
): { before: string; after: string } | undefined {
  const { request } = usePanel();
  const [found, setFound] = useState<{ before: string; after: string }>();
  const settled = useSettled(version, SETTLE_MS);
  useEffect(() => {
    let wanted = true;
    const look = async () => {
      const keys: string[] = [];
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const { items, total, uncounted } = await request("browse", {
          ...view,
          offset: keys.length,
          limit: PAGE,
        });
        if (!wanted) return;
        keys.push(...items.map(({ key }) => key));
        const at = keys.indexOf(clip);
        const [before = "", after = ""] = [keys[at - 1], keys[at + 1]];
        const end = items.length === 0 || (!uncounted && keys.length >= total);
        if (at >= 0 && (after !== "" || end)) return setFound({ before, after });
        if (end) return;
      }
    };
    // Without an answer there are no arrows: the clip itself is there all the same.
    look().catch(refusalOf);
    return () => {
      wanted = false;
    };
  }, [request, clip, view, settled]);
  return found;
}

/** A player for as long as the part is there. */
export function useOwnPlayer(): Player {
  const [{ player, life }] = useState(() => {
    const life = new AbortController();
    return { player: new Player(life.signal), life };
  });
  useEffect(() => () => life.abort(), [life]);
  return player;
}
