// The draft that is being composed: here at once, in the kernel a moment later, and from there in every other panel.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { refusalOf } from "../core/connection";
import type { Draft, SharedDraft } from "../protocol.gen";
import type { PanelRequest } from "./request";

/** Milliseconds after the last change before the kernel keeps it. */
export const KEEP_MS = 400;

/** The draft, and a function that changes it. */
export function useDraft(
  shared: SharedDraft,
  request: PanelRequest,
  signal: AbortSignal,
): [Draft, (change: (draft: Draft) => Draft) => void] {
  const [draft, setDraft] = useState(shared.draft);
  const me = useRef(crypto.getRandomValues(new Uint32Array(2)).join("-"));
  const latest = useRef(draft);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  // What another panel wrote, unless this one has just written something else.
  useEffect(() => {
    if (shared.by === me.current || timer.current !== undefined) return;
    latest.current = shared.draft;
    setDraft(shared.draft);
  }, [shared]);

  const keep = useCallback(() => {
    timer.current = undefined;
    // A busy kernel: the next change is kept with it, and so is what is sent.
    request("draft", { draft: latest.current, by: me.current }).catch(refusalOf);
  }, [request]);

  useEffect(() => {
    // The last letters before the page goes are worth sending too.
    const leave = () => {
      if (timer.current === undefined) return;
      clearTimeout(timer.current);
      keep();
    };
    window.addEventListener("pagehide", leave, { signal });
    return leave;
  }, [keep, signal]);

  const change = useCallback(
    (next: (draft: Draft) => Draft) => {
      latest.current = next(latest.current);
      setDraft(latest.current);
      clearTimeout(timer.current);
      timer.current = setTimeout(keep, KEEP_MS);
    },
    [keep],
  );
  return [draft, change];
}
