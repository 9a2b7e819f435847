// How a person has the gallery: here at once, in the kernel a moment later, and from there in every other panel.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { refusalOf } from "../../core/connection";
import type { GalleryView } from "../../protocol.gen";
import { usePanel } from "../context";
import { sameView } from "./filters";

/** Milliseconds after the last change before it is kept. */
export const KEEP_MS = 400;

/** The view, and a function that changes it. */
export function useView(kept: GalleryView): [GalleryView, (change: Partial<GalleryView>) => void] {
  const { request } = usePanel();
  const [view, setView] = useState(kept);
  const latest = useRef(view);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sending = useRef(0);

  // What another panel set, unless something was just set here: then the kernel says what it was before.
  useEffect(() => {
    if (timer.current !== undefined || sending.current > 0 || sameView(kept, latest.current)) return;
    latest.current = kept;
    setView(kept);
  }, [kept]);

  const keep = useCallback(() => {
    timer.current = undefined;
    sending.current += 1;
    request("view", { view: latest.current })
      // A busy kernel: what is shown does not depend on it.
      .catch(refusalOf)
      .finally(() => {
        sending.current -= 1;
      });
  }, [request]);
  useEffect(
    () => () => {
      if (timer.current === undefined) return;
      clearTimeout(timer.current);
      keep();
    },
    [keep],
  );

  const change = useCallback(
    (changes: Partial<GalleryView>) => {
      latest.current = { ...latest.current, ...changes };
      setView(latest.current);
      clearTimeout(timer.current);
      timer.current = setTimeout(keep, KEEP_MS);
    },
    [keep],
  );
  return [view, change];
}
