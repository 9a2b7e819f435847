// The videos of a card, or the box that waits for them. A page that can fetch a clip's file plays it from there; else from
// its bytes, which the kernel gives once somebody wants to see it.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Request, refusalOf } from "../core/connection";
import { type Addresses, attempt } from "../core/media/addresses";
import { Coming, formatSize, useBytes } from "../core/media/bytes";
import type { Sources } from "../core/media/videos";
import { stillSource } from "../core/sources";
import { Bar, Waiting } from "../core/ui/box";
import { Icon } from "../core/ui/icons";
import type { Card, CardClip } from "../protocol.gen";

/**
 * Milliseconds for which a video stands there without a still: mostly the finished output, which has its own, takes the
 * place of the card at once.
 */
export const STILL_MS = 1000;

/** Where a card's clips come from. */
export interface Origins {
  addresses: Addresses;
  sources: Sources;
}

interface MediaProps {
  card: Card;
  now: number;
  text: string;
  request: Request;
  origins: Origins;
}

/** The videos, or the box that waits for them. `text` is the live line, for those who can't see the bar. */
export function Media({ card, now, text, request, origins }: MediaProps) {
  return (
    <div class="veo-media" data-shape={card.shape} data-many={card.videos.length > 1}>
      {card.videos.length === 0 ? (
        <div class="veo-box">
          <Waiting state={card.state} backdrop={card.backdrop} />
          {card.progress !== null && <Bar key={card.state} progress={card.progress} now={now} text={text} />}
        </div>
      ) : (
        card.videos.map((clip, place) => (
          <Clip
            key={`${card.id} ${clip.path || place}`}
            name={`${card.id}/${place}`}
            clip={clip}
            place={place}
            request={request}
            origins={origins}
          />
        ))
      )}
    </div>
  );
}

interface ClipProps {
  name: string;
  clip: CardClip;
  place: number;
  request: Request;
  origins: Origins;
}

function Clip({ name, clip, place, request, origins }: ClipProps) {
  const { addresses } = origins;
  const address = useAddress(addresses, clip);
  const poster = useStill(place, request, address === "" ? 0 : STILL_MS);
  return (
    <figure class="veo-clip">
      {clip.size === 0 ? (
        <div class="veo-box">
          <Saved poster={poster} path={clip.path} text="Run the cell again to show it here." />
        </div>
      ) : address !== "" ? (
        <div class="veo-box">
          <Served key={address} address={address} clip={clip} poster={poster} addresses={addresses} />
        </div>
      ) : (
        <Fetched name={name} clip={clip} poster={poster} sources={origins.sources} />
      )}
      {clip.label !== "" && <figcaption>{clip.label}</figcaption>}
    </figure>
  );
}

/** The address to play a clip from, as far as it is known by now; empty where only its bytes are left. */
function useAddress(addresses: Addresses, clip: CardClip): string {
  const [, redraw] = useState(0);
  useLayoutEffect(() => addresses.subscribe(() => redraw((count) => count + 1)), [addresses]);
  const address = addresses.of(clip);
  useEffect(() => {
    if (address === "") addresses.check(clip);
  }, [addresses, address, clip.url, clip.beside, clip.size]);
  return address;
}

interface ServedProps {
  address: string;
  clip: CardClip;
  poster: string;
  addresses: Addresses;
}

function Served({ address, clip, poster, addresses }: ServedProps) {
  const video = useRef<HTMLVideoElement>(null);
  useLayoutEffect(
    () => (video.current === null ? undefined : attempt(addresses, clip, address, video.current)),
    [addresses, address],
  );
  return <Player video={video} url={address} clip={clip} poster={poster} />;
}

interface FetchedProps {
  name: string;
  clip: CardClip;
  poster: string;
  sources: Sources;
}

/** A clip whose bytes come when it is played or saved for the first time. */
function Fetched({ name, clip, poster, sources }: FetchedProps) {
  const [wanted, setWanted] = useState<"" | "play" | "save">("");
  const [broken, setBroken] = useState(false);
  const bytes = useBytes(sources, name, wanted !== "");
  const { url } = bytes;
  useEffect(() => {
    if (wanted === "save" && url !== "") download(url, clip.path);
  }, [wanted, url]);
  const shown = wanted === "play" && url !== "" && !broken;
  return (
    <>
      <div class="veo-box">
        {shown ? (
          <Player url={url} clip={clip} poster={poster} onBroken={() => setBroken(true)} autoplay />
        ) : broken ? (
          <Saved poster={poster} path={clip.path} text="This page can't play it." />
        ) : (
          <>
            {poster !== "" && <img src={poster} alt="" />}
            {(wanted === "" || url !== "") && (
              <button type="button" class="veo-play-clip" onClick={() => setWanted("play")}>
                <Icon name="play" filled />
                <span>Play · {formatSize(clip.size)}</span>
              </button>
            )}
            {wanted !== "" && url === "" && <Coming bytes={bytes} size={clip.size} />}
          </>
        )}
      </div>
      <p class="veo-offer">
        <button
          type="button"
          class="veo-quiet"
          onClick={() => (url === "" ? setWanted("save") : download(url, clip.path))}
        >
          Save the file
        </button>
      </p>
    </>
  );
}

interface PlayerProps {
  url: string;
  clip: CardClip;
  poster: string;
  video?: { current: HTMLVideoElement | null };
  autoplay?: boolean;
  onBroken?: () => void;
}

function Player({ url, clip, poster, video, autoplay = false, onBroken }: PlayerProps) {
  return (
    <video
      {...(video !== undefined && { ref: video })}
      src={url}
      {...(poster !== "" && { poster })}
      aria-label={clip.label || "The clip"}
      {...(onBroken !== undefined && { onError: onBroken })}
      autoPlay={autoplay}
      controls
      loop
      playsInline
      preload="metadata"
    />
  );
}

/** Has the browser, or the editor around it, save what is at an address. */
function download(url: string, path: string): void {
  const link = Object.assign(document.createElement("a"), {
    href: url,
    download: path.slice(path.lastIndexOf("/") + 1),
  });
  // In the page: an editor's frame hears of clicks there alone.
  document.body.append(link);
  link.click();
  link.remove();
}

/** The still of a video, asked for once it is known to stay. */
function useStill(video: number, request: Request, after: number): string {
  const [poster, setPoster] = useState("");
  useEffect(() => {
    let gone = false;
    const ask = () =>
      request("poster", { video }).then(
        (answer) => gone || setPoster(stillSource(answer)),
        // It plays without.
        refusalOf,
      );
    const timer = setTimeout(ask, after);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [video, request, after]);
  return poster;
}

/** What stands where the page can't play the file: where it is, and how to see it. */
function Saved({ poster, path, text }: { poster: string; path: string; text: string }) {
  return (
    <>
      {poster !== "" && <img src={poster} alt="" />}
      <p class="veo-saved">
        Saved as <code>{path}</code>
        <br />
        {text}
      </p>
    </>
  );
}
