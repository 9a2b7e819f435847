// What stands in a clip's box until the clip comes.

import { useRef } from "preact/hooks";
import type { Progress, State } from "../../protocol.gen";
import { progressShare } from "../progress";
import { imageSource } from "../sources";
import { StateIcon } from "./state-icon";

const AT_WORK: ReadonlySet<State> = new Set(["submitting", "running", "downloading"]);
const ENDED_BADLY: ReadonlySet<State> = new Set(["failed", "blocked", "cancelled", "uncertain"]);

/** The calm ground of a box that waits, with the input image blurred where there is one. */
export function Waiting({
  state,
  backdrop,
  icon = true,
}: {
  state: State;
  backdrop: string;
  icon?: boolean;
}) {
  const picture = imageSource(backdrop);
  return (
    <div class="veo-waiting" data-at-work={AT_WORK.has(state)} data-ended={ENDED_BADLY.has(state)}>
      {picture !== "" && <img src={picture} alt="" />}
      {icon && ENDED_BADLY.has(state) && <StateIcon state={state} />}
    </div>
  );
}

/**
 * A thin bar that only ever grows. Its key is the state, so each stage starts a new one; and so does a figure that
 * comes after a guess, which may have been ahead of it.
 */
export function Bar({ progress, now, text }: { progress: Progress; now: number; text: string }) {
  const furthest = useRef({ kind: progress.kind, share: 0 });
  const share = progressShare(progress, now);
  if (share === undefined) return null;
  const before = furthest.current.kind === progress.kind ? furthest.current.share : 0;
  const shown = Math.max(before, share);
  furthest.current = { kind: progress.kind, share: shown };
  return (
    <div
      class="veo-bar"
      role="progressbar"
      aria-label="Progress"
      aria-valuemin={0}
      aria-valuemax={100}
      // Without a number it would be one of which nothing is known. Read out are the words, since the number may be a guess.
      aria-valuenow={Math.round(shown * 100)}
      aria-valuetext={text}
    >
      <div style={{ transform: `scaleX(${shown.toFixed(4)})` }} />
    </div>
  );
}
