// Words to the person: shown for a while, or only read out; some with a button for what can still be done.

import { useCallback, useEffect, useState } from "preact/hooks";
import { announce } from "../announce";

/** Milliseconds for which words stand there; with a button longer, since somebody may want it. */
export const SHOWN_MS = 8000;
export const OFFERED_MS = 20_000;

interface Notice {
  /** What stands there; empty for what is only read out. */
  text: string;
  spoken: string;
  label?: string;
  action?: () => void;
}

export interface Notices {
  notice: Notice | undefined;
  say: (text: string, unseen?: boolean) => void;
  offer: (text: string, label: string, action: () => void) => void;
  clear: () => void;
}

export function useNotices(): Notices {
  const [notice, setNotice] = useState<Notice>();
  useEffect(() => {
    if (notice === undefined) return undefined;
    announce(notice.spoken);
    const timer = setTimeout(() => setNotice(undefined), notice.action ? OFFERED_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const say = useCallback(
    (text: string, unseen = false) =>
      // What is only read out does not take a button away that somebody may be about to press.
      setNotice((now) =>
        unseen && now?.action ? { ...now, spoken: text } : { text: unseen ? "" : text, spoken: text },
      ),
    [],
  );
  const offer = useCallback(
    (text: string, label: string, action: () => void) => setNotice({ text, spoken: text, label, action }),
    [],
  );
  const clear = useCallback(() => setNotice(undefined), []);
  return { notice, say, offer, clear };
}
