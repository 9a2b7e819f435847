// The videos of a card, or the box that waits for them.

import { useEffect, useState } from "preact/hooks";
import { type Request, refusalOf } from "../core/connection";
import { stillSource, videoSource } from "../core/sources";
import { Bar, Waiting } from "../core/ui/box";
import type { Card, CardClip } from "../protocol.gen";

/**
 * Milliseconds for which a video stands there without a still: mostly the finished output, which has its own, takes the
 * place of the card at once.
 */
export const STILL_MS = 1000;

interface MediaProps {
  card: Card;
  now: number;
  text: string;
  request: Request;
}

/** The videos, or the box that waits for them. `text` is the live line, for those who can't see the bar. */
export function Media({ card, now, text, request }: MediaProps) {
  return (
    <div class="veo-media" data-shape={card.shape} data-many={card.videos.length > 1}>
      {card.videos.length === 0 ? (
        <div class="veo-box">
          <Waiting state={card.state} backdrop={card.backdrop} />
          {card.progress !== null && <Bar key={card.state} progress={card.progress} now={now} text={text} />}
        </div>
      ) : (
        card.videos.map((clip, place) => (
          <Video key={`${card.id} ${clip.path || place}`} clip={clip} place={place} request={request} />
        ))
      )}
    </div>
  );
}

function Video({ clip, place, request }: { clip: CardClip; place: number; request: Request }) {
  const [broken, setBroken] = useState("");
  const poster = useStill(place, request);
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

/** The still of a video, asked for once it is known to stay. */
function useStill(video: number, request: Request): string {
  const [poster, setPoster] = useState("");
  useEffect(() => {
    let gone = false;
    const ask = () =>
      request("poster", { video }).then(
        (answer) => gone || setPoster(stillSource(answer)),
        // It plays without.
        refusalOf,
      );
    const timer = setTimeout(ask, STILL_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [video, request]);
  return poster;
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
