// The clips that were chosen: here at once, and taken back when the kernel refuses.

import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AskPanel } from "./context";

/** What is chosen, as the kernel has it or as was asked for just now, and a function that chooses. */
export function useChosen(
  kept: readonly string[],
  ask: AskPanel,
): [readonly string[], (clips: readonly string[]) => void] {
  const [pending, setPending] = useState<readonly string[]>();
  const last = useRef(0);
  useLayoutEffect(() => {
    // Nothing is under way: what the kernel says counts again.
    if (last.current === 0) setPending(undefined);
  }, [kept]);
  const choose = useCallback(
    (clips: readonly string[]) => {
      setPending(clips);
      last.current += 1;
      void ask("select", { clips: [...clips] }).then((done) => {
        last.current -= 1;
        if (done === undefined && last.current === 0) setPending(undefined);
      });
    },
    [ask],
  );
  return [pending ?? kept, choose];
}
