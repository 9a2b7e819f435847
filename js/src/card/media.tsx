// The videos of a card, or the box that waits for them.

import { useState } from "preact/hooks";
import { imageSource, videoSource } from "../core/sources";
import { Bar, Waiting } from "../core/ui/box";
import type { Card, CardClip } from "../protocol.gen";

/** The videos, or the box that waits for them. `text` is the live line, for those who can't see the bar. */
export function Media({ card, now, text }: { card: Card; now: number; text: string }) {
  return (
    <div class="veo-media" data-shape={card.shape} data-many={card.videos.length > 1}>
      {card.videos.length === 0 ? (
        <div class="veo-box">
          <Waiting state={card.state} backdrop={card.backdrop} />
          {card.progress !== null && <Bar key={card.state} progress={card.progress} now={now} text={text} />}
        </div>
      ) : (
        card.videos.map((clip, place) => <Video key={clip.path || String(place)} clip={clip} />)
      )}
    </div>
  );
}

function Video({ clip }: { clip: CardClip }) {
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
