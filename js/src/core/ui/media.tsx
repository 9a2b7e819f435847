// The box above the words: it has the clip's shape from the first moment, so nothing jumps when the clip comes.

import { useRef, useState } from "preact/hooks";
import "./media.css";
import { progressShare } from "../progress";
import type { Card, Clip, Progress, State } from "../protocol";
import { imageSource, videoSource } from "../sources";
import { StateIcon } from "./state-icon";

const AT_WORK: ReadonlySet<State> = new Set(["submitting", "running", "downloading"]);
const ENDED_BADLY: ReadonlySet<State> = new Set(["failed", "blocked", "cancelled", "uncertain"]);

/** The videos, or the box that waits for them. `words` is the live line, for those who can't see the bar. */
export function Media({ card, now, words }: { card: Card; now: number; words: string }) {
  return (
    <div class="veo-media" data-shape={card.shape} data-many={card.videos.length > 1}>
      {card.videos.length === 0 ? (
        <div class="veo-box">
          <Waiting state={card.state} backdrop={card.backdrop} />
          {card.progress !== null && (
            <Bar key={card.state} progress={card.progress} now={now} words={words} />
          )}
        </div>
      ) : (
        card.videos.map((clip, place) => <Video key={clip.path || String(place)} clip={clip} />)
      )}
    </div>
  );
}

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

/** A thin bar that only ever grows. Its key is the state, so each stage starts a new one. */
export function Bar({ progress, now, words }: { progress: Progress; now: number; words: string }) {
  const furthest = useRef(0);
  const share = progressShare(progress, now);
  if (share === undefined) return null;
  furthest.current = Math.max(furthest.current, share);
  // A guess has no number that could be read out as if it were known.
  const counted = "total" in progress ? { "aria-valuenow": Math.round(furthest.current * 100) } : {};
  return (
    <div
      class="veo-bar"
      role="progressbar"
      aria-label="Progress"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={words}
      {...counted}
    >
      <div style={{ transform: `scaleX(${furthest.current.toFixed(4)})` }} />
    </div>
  );
}

function Video({ clip }: { clip: Clip }) {
  const [broken, setBroken] = useState("");
  const poster = imageSource(clip.poster);
  const url = videoSource(clip.url);
  return (
    <figure class="veo-clip">
      <div class="veo-box">
        {url !== "" && broken !== url ? (
          <video
            src={url}
            {...(poster !== "" && { poster })}
            aria-label={clip.label || "The clip"}
            onError={() => setBroken(url)}
            controls
            loop
            playsInline
            preload="metadata"
          />
        ) : (
          <Saved poster={poster} path={clip.path} />
        )}
      </div>
      {clip.label !== "" && <figcaption>{clip.label}</figcaption>}
    </figure>
  );
}

/** What stands where the page can't play the file: where it is, and how to see it. */
function Saved({ poster, path }: { poster: string; path: string }) {
  return (
    <>
      {poster !== "" && <img src={poster} alt="" />}
      <p class="veo-saved">
        Saved as <code>{path}</code>
        <br />
        Run the cell again to show it here.
      </p>
    </>
  );
}
