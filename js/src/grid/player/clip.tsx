// A clip that is moved by the player: its still from the first moment, the video over it when it has a picture. In a
// cell that video is the clip's small copy where there is one: dozens play at once, and whole ones would take what a page
// has.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Coming, useBytes } from "../../core/media/bytes";
import { releaseVideo, videoSource } from "../../core/sources";
import type { GridClip } from "../../protocol.gen";
import { type GridContext, usePlayer } from "../context";
import type { Player } from "./player";

interface ClipProps {
  id: string;
  clip: GridClip;
  /** Whether it is shown small, so that its small copy will do. */
  small?: boolean;
  label: string;
  poster: string;
  /** Whether the video itself is wanted; else only its still. */
  live: boolean;
  context: GridContext;
}

export function ClipPicture({ id, clip, small = false, label, poster, live, context }: ClipProps) {
  const { addresses, sources, player } = context;
  const [broken, setBroken] = useState<readonly string[]>([]);
  const audible = useAudible(context, id);
  const url = usePlayer(addresses, (it) => (live ? it.of(clip) : ""));
  // Whichever is on keeps on: a copy that is made meanwhile is for the next time that the clip comes in sight.
  const copy = useRef("");
  const key = useRef(id);
  const on = useRef<boolean | undefined>(undefined);
  if (on.current !== live) {
    on.current = live;
    copy.current = small ? videoSource(clip.preview) : "";
    key.current = small && clip.small > 0 ? `${id}/small` : id;
  }
  const asCopy = copy.current !== "" && !broken.includes(copy.current);
  // The copy has no sound: where that is wanted the clip comes over it.
  const fetched = audible ? id : key.current;
  const gone = clip.size === 0 || broken.includes(fetched);
  const bytes = useBytes(sources, fetched, live && url === "" && !gone);
  const play = (source: string, onBroken: () => void) => (
    <InStep key={source} id={id} url={source} label={label} player={player} onBroken={onBroken} />
  );
  const failed = (source: string) => () => setBroken((known) => [...known, source]);
  return (
    <>
      {poster !== "" && <img class="veo-still" src={poster} alt="" />}
      {live && url !== "" && asCopy && play(copy.current, failed(copy.current))}
      {live &&
        url !== "" &&
        (!asCopy || audible) &&
        play(url, () => {
          addresses.noteFailed(clip, url);
        })}
      {live && url === "" && bytes.url !== "" && play(bytes.url, failed(fetched))}
      {live && url === "" && bytes.url === "" && !gone && (
        <Coming bytes={bytes} size={fetched === id ? clip.size : clip.small} />
      )}
      {gone && (
        <p class="veo-saved">
          Saved as <code>{clip.path}</code>
        </p>
      )}
    </>
  );
}

interface InStepProps {
  id: string;
  url: string;
  label: string;
  player: Player;
  onBroken: () => void;
  onLoaded?: () => void;
}

/** The video of a clip, moved by the player as long as it is there. */
export function InStep({ id, url, label, player, onBroken, onLoaded }: InStepProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [drawn, setDrawn] = useState(false);
  useLayoutEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    const remove = player.add(id, element);
    return () => {
      remove();
      releaseVideo(element);
    };
  }, [player, id, url]);
  return (
    <video
      ref={video}
      src={url}
      data-drawn={drawn}
      aria-label={label}
      muted
      playsInline
      preload="auto"
      tabIndex={-1}
      onLoadedData={() => {
        setDrawn(true);
        onLoaded?.();
      }}
      onError={(event) => event.currentTarget.hasAttribute("src") && onBroken()}
    />
  );
}

/** The still of a clip, once the kernel has drawn it; asked for while `wanted`. */
export function usePoster(
  context: GridContext,
  cell: string,
  sample: number,
  clip: GridClip | undefined,
  wanted: boolean,
): string {
  const { posters } = context;
  const path = clip?.path ?? "";
  const [, redraw] = useState("");
  useLayoutEffect(
    () => (wanted && path !== "" ? posters.ask(path, cell, sample, redraw) : undefined),
    [posters, path, cell, sample, wanted],
  );
  return path === "" ? "" : posters.get(path);
}

/** Whether a clip's sound is on. */
export function useAudible(context: GridContext, id: string): boolean {
  return usePlayer(context.player, (player) => player.audible === id);
}
