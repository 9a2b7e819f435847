// What a draft would do and cost, asked of the kernel a moment after each change.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { refusalOf } from "../../core/connection";
import type { Check, Draft } from "../../protocol.gen";
import { usePanel, useSettled } from "../context";
import { asked } from "./draft";

/** Milliseconds after the last change before it is asked. */
export const SETTLE_MS = 150;
/** Milliseconds without an answer after which it is said that the kernel is busy. */
export const BUSY_MS = 1500;
/** The kernel answers once the cell that keeps it is done, so its answer is waited for. */
const DEADLINE_MS = 120_000;

export const BUSY = "The kernel is busy: what it costs is said once it is free.";

export interface Checked {
  /** The last answer; it is of an older draft while `fresh` is false. */
  check: Check | undefined;
  fresh: boolean;
  /** Why there is no newer one; empty while all is well. */
  text: string;
  /** Whether asking again may help. */
  failed: boolean;
  askAgain: () => void;
}

/** The draft checked; `others` are what else the answer depends on: when they change it is asked again. */
export function useCheck(draft: Draft, others: readonly unknown[]): Checked {
  const { request, signal } = usePanel();
  const wanted = useMemo(() => ({ of: draft, draft: asked(draft) }), [draft, ...others]);
  const settled = useSettled(wanted, SETTLE_MS);
  const [known, setKnown] = useState<{ of: Draft; check: Check }>();
  const [trouble, setTrouble] = useState({ text: "", failed: false });
  const want = useRef(settled);
  const asking = useRef(false);

  const ask = useCallback(async () => {
    // One at a time: a kernel that is busy would answer a whole row of old ones when it is free.
    if (asking.current || signal.aborted) return;
    asking.current = true;
    const now = want.current;
    const busy = setTimeout(() => setTrouble({ text: BUSY, failed: false }), BUSY_MS);
    try {
      const answer = await request("check", { draft: now.draft }, { timeout: DEADLINE_MS });
      setKnown({ of: now.of, check: answer });
      setTrouble({ text: "", failed: false });
    } catch (error) {
      const { code, message, text } = refusalOf(error);
      if (code !== "closed") setTrouble({ text: code === "timeout" ? message : text, failed: true });
    } finally {
      clearTimeout(busy);
      asking.current = false;
      if (want.current !== now) void ask();
    }
  }, [request, signal]);

  useEffect(() => {
    want.current = settled;
    void ask();
  }, [settled, ask]);

  return {
    check: known?.check,
    fresh: known?.of === draft,
    ...trouble,
    askAgain: () => void ask(),
  };
}
