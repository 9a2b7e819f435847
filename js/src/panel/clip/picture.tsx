// A clip as it is shown in the layers: large and moved by a player, or as a small still that can be picked.

import type { ComponentChildren } from "preact";
import { InStep } from "../../grid/player/clip";
import type { Player } from "../../grid/player/player";
import type { Item } from "../../protocol.gen";
import { useStill, useVideoSource } from "../media/media";

interface ClipVideoProps {
  item: Item;
  /** What the player calls it. */
  id?: string;
  label: string;
  player: Player;
}

export function ClipVideo({ item, id = item.key, label, player }: ClipVideoProps) {
  const source = useVideoSource(item);
  const still = useStill(item.here ? item.key : "");
  return (
    <>
      {still !== "" && <img class="veo-still" src={still} alt="" />}
      {source.url !== "" && (
        <InStep
          id={id}
          url={source.url}
          label={label}
          player={player}
          onBroken={source.onBroken}
          onLoaded={source.onLoaded}
        />
      )}
      {source.state === "fetching" && <p class="veo-saved">Fetching the clip · {source.percent} %</p>}
      {source.state === "failed" && (
        <p class="veo-saved">
          {source.text} {item.here ? "Saved as" : "It was"} <code>{item.path}</code>
        </p>
      )}
    </>
  );
}

interface ThumbProps {
  clip: string;
  /** What it is, said before the words under it. */
  label: string;
  here?: boolean;
  /** Why it can't be picked; empty where it can. */
  reason?: string;
  onPick: () => void;
  children?: ComponentChildren;
}

/** A small still to press, with a few words under it. */
export function Thumb({ clip, label, here = true, reason = "", onPick, children }: ThumbProps) {
  const still = useStill(here ? clip : "");
  return (
    <button
      type="button"
      class="veo-thumb"
      aria-label={reason === "" ? label : `${label}: ${reason}`}
      title={reason === "" ? label : reason}
      aria-disabled={reason !== ""}
      onClick={() => reason === "" && onPick()}
    >
      <span class="veo-thumb-still">{still !== "" && <img src={still} alt="" />}</span>
      <span class="veo-thumb-words">{children}</span>
    </button>
  );
}
