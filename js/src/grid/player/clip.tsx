// A clip that is moved by the player: its still from the first moment, the video over it when it has a picture.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { releaseVideo, videoSource } from "../../core/sources";
import type { GridClip } from "../../protocol.gen";
import { type GridContext, usePlayer } from "../context";
import type { Player } from "./player";

interface ClipProps {
  id: string;
  clip: GridClip;
  label: string;
  poster: string;
  /** Whether the video itself is wanted; else only its still. */
  live: boolean;
  context: GridContext;
}

export function ClipPicture({ id, clip, label, poster, live, context }: ClipProps) {
  const [broken, setBroken] = useState("");
  const url = videoSource(clip.url);
  const playable = url !== "" && broken !== url;
  return (
    <>
      {poster !== "" && <img class="veo-still" src={poster} alt="" />}
      {live && playable && (
        <InStep id={id} url={url} label={label} player={context.player} onBroken={() => setBroken(url)} />
      )}
      {!playable && (
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
