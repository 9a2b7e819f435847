// A clip's bytes through the kernel: how far they are in words, and what to do when they break off.

import { useCallback, useEffect, useLayoutEffect, useState } from "preact/hooks";
import { type Fetched, NOTHING, type Sources } from "./videos";

/** Milliseconds without a piece after which it is said that the kernel lets one wait. */
export const SLOW_MS = 8000;

export interface Bytes extends Fetched {
  /** Goes on after a failure, from where it broke off. */
  again: () => void;
}

/** The bytes of a clip, while they are `wanted`. */
export function useBytes(sources: Sources, clip: string, wanted: boolean): Bytes {
  const [fetched, setFetched] = useState({ clip, now: NOTHING });
  useLayoutEffect(() => {
    if (!wanted) return undefined;
    const leave = sources.hold(clip, (now) => setFetched({ clip, now }));
    return () => {
      leave();
      // Its object URL may be revoked from now on.
      setFetched({ clip, now: NOTHING });
    };
  }, [sources, clip, wanted]);
  const again = useCallback(() => sources.again(clip), [sources, clip]);
  return { ...(fetched.clip === clip && wanted ? fetched.now : NOTHING), again };
}

/** What stands over a still while the bytes come, or when they do not. */
export function Coming({ bytes, size }: { bytes: Bytes; size: number }) {
  const { percent, failed, again } = bytes;
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [percent, failed]);
  const done = `${((size * percent) / 1e8).toFixed(1)} of ${formatSize(size)}`;
  if (failed === "") {
    return (
      <p class="veo-saved">
        Fetching · {done}
        {slow && " · no answer from the kernel yet"}
      </p>
    );
  }
  return (
    <p class="veo-saved" role="alert">
      The clip broke off at {done}. {failed}{" "}
      <button type="button" class="veo-button" onClick={again}>
        Try again
      </button>
    </p>
  );
}

/** `4.8 MB`. */
export function formatSize(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
