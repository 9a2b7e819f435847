// What a part of the panel shows of a clip: its still, and where its video comes from.

import { useCallback, useLayoutEffect, useState } from "preact/hooks";
import { NOTHING } from "../../core/media/videos";
import type { Item } from "../../protocol.gen";
import { usePanel } from "../context";

/** The still of a clip, empty until it is here; asked for while `wanted`. */
export function useStill(clip: string, wanted = true): string {
  const { stills } = usePanel();
  const [, redraw] = useState("");
  useLayoutEffect(
    () => (wanted && clip !== "" ? stills.want(clip, redraw) : undefined),
    [stills, clip, wanted],
  );
  return stills.get(clip);
}

export interface VideoSource {
  /** For the element's `src`; empty while there is none. */
  url: string;
  /** `fetching`: its bytes are on their way, `failed`: there is no way to it. */
  state: "resting" | "ready" | "fetching" | "failed";
  percent: number;
  /** Why it failed, in words. */
  text: string;
  /** For the element's `onError`. */
  onBroken: () => void;
  /** For the element's `onLoadedData`. */
  onLoaded: () => void;
}

/** Where to get a clip from, while `wanted`. */
export function useVideoSource(item: Pick<Item, "key" | "url" | "here">, wanted = true): VideoSource {
  const { sources } = usePanel();
  const { key, here } = item;
  const [fetched, setFetched] = useState({ key, ...NOTHING });
  // Counts what was found out about addresses, which `sources` keeps.
  const [, redraw] = useState(0);
  const address = here ? sources.addressOf(item) : "";
  const bytes = wanted && here && address === "";
  useLayoutEffect(() => {
    if (!bytes) return undefined;
    const leave = sources.hold(key, (now) => setFetched({ key, ...now }));
    return () => {
      leave();
      // Its object URL may be revoked from now on.
      setFetched({ key, ...NOTHING });
    };
  }, [sources, key, bytes]);

  const onBroken = useCallback(() => {
    if (address === "") {
      setFetched({ key, ...NOTHING, failed: "This browser can't play the clip." });
    } else {
      sources.noteFailed(key);
      redraw((count) => count + 1);
    }
  }, [sources, key, address]);
  const onLoaded = useCallback(() => {
    if (address !== "") sources.noteServed();
  }, [sources, address]);

  const common = { onBroken, onLoaded };
  if (!here) return { ...common, url: "", state: "failed", percent: 0, text: "Its file is not there." };
  if (!wanted) return { ...common, url: "", state: "resting", percent: 0, text: "" };
  if (address !== "") return { ...common, url: address, state: "ready", percent: 100, text: "" };
  const { url, percent, failed } = fetched.key === key ? fetched : NOTHING;
  const state = failed !== "" ? "failed" : url === "" ? "fetching" : "ready";
  return { ...common, url: failed === "" ? url : "", state, percent, text: failed };
}
