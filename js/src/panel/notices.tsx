// Words to the person over the panel's lower edge, some with a button for what can still be done; and for the ear.

import { useCallback, useEffect, useState } from "preact/hooks";

/** Milliseconds for which words stand there; with a button longer, since somebody may want it. */
export const SHOWN_MS = 8000;
export const OFFERED_MS = 20_000;

interface Words {
  /** What stands there; empty for what is only read out. */
  text: string;
  spoken: string;
  label?: string;
  action?: () => void;
}

export interface Notices {
  words: Words | undefined;
  say: (text: string, unseen?: boolean) => void;
  offer: (text: string, label: string, action: () => void) => void;
  clear: () => void;
}

export function useNotices(): Notices {
  const [words, setWords] = useState<Words>();
  useEffect(() => {
    if (words === undefined) return undefined;
    const timer = setTimeout(() => setWords(undefined), words.action ? OFFERED_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [words]);
  const say = useCallback(
    (text: string, unseen = false) =>
      // What is only read out does not take a button away that somebody may be about to press.
      setWords((now) =>
        unseen && now?.action ? { ...now, spoken: text } : { text: unseen ? "" : text, spoken: text },
      ),
    [],
  );
  const offer = useCallback(
    (text: string, label: string, action: () => void) => setWords({ text, spoken: text, label, action }),
    [],
  );
  const clear = useCallback(() => setWords(undefined), []);
  return { words, say, offer, clear };
}

export function NoticePlace({ words, clear }: Pick<Notices, "words" | "clear">) {
  const act = () => {
    words?.action?.();
    clear();
  };
  return (
    <>
      <div class="veo-notice-place">
        {words !== undefined && words.text !== "" && (
          <div class="veo-notice">
            <span>{words.text}</span>
            {words.action !== undefined && (
              <button type="button" class="veo-button" onClick={act}>
                {words.label}
              </button>
            )}
          </div>
        )}
      </div>
      <div class="veo-unseen" aria-live="polite">
        {words?.spoken}
      </div>
    </>
  );
}
