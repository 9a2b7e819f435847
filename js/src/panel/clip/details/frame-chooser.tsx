// A frame of a clip as a picture of the draft: which frame, and what for.

import { useState } from "preact/hooks";
import { usePlayer } from "../../../grid/context";
import type { Player } from "../../../grid/player/player";
import { formatPosition } from "../../../grid/player/sync";
import type { Draft, Item } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { Action } from "../action";
import { goCompose, useLayer } from "../layer-context";

export type Use = "image" | "last_frame" | "reference_images";

const USES: readonly (readonly [Use, string, string])[] = [
  ["image", "As first frame", "is the first frame now"],
  ["last_frame", "As last frame", "is the last frame now"],
  ["reference_images", "As reference", "is among the references now"],
];

const NO_CLIP = { video: "", edit: "" };

/** The draft with this picture. What the provider does not take beside it goes out. */
export function withPicture(draft: Draft, use: Use, picture: string): Draft {
  if (use !== "reference_images") return { ...draft, [use]: [picture], reference_images: [], ...NO_CLIP };
  const others = draft.reference_images.filter((one) => one !== picture);
  return { ...draft, reference_images: [...others, picture], image: [], last_frame: [], ...NO_CLIP };
}

export function FrameChooser({ item, player }: { item: Item; player: Player }) {
  const { ask } = usePanel();
  const { panel } = useLayer();
  const position = usePlayer(player, (it) => Math.round(it.position * 100) / 100);
  // Whoever has looked for a moment means that one; else it is the end from which a story goes on.
  const [last, setLast] = useState(() => position === 0 || position >= item.duration);
  const use = async (what: Use, text: string) => {
    player.pause();
    const seconds = last ? null : Math.min(player.position, item.duration);
    const answer = await ask("frame", { clip: item.key, seconds });
    if (answer === undefined) return;
    goCompose(panel, `${last ? "The last frame" : "The frame"} of ${item.job} ${text}.`, (draft) =>
      withPicture(draft, what, answer.key),
    );
  };
  return (
    <fieldset class="veo-frames">
      <legend>Which frame</legend>
      <label>
        <input type="radio" name={`frame ${item.key}`} checked={!last} onChange={() => setLast(false)} />
        the one shown, at {formatPosition(position)}
      </label>
      <label>
        <input type="radio" name={`frame ${item.key}`} checked={last} onChange={() => setLast(true)} />
        the last one
      </label>
      <div class="veo-action-row">
        {USES.map(([what, text, said]) => (
          <Action key={what} onAct={() => use(what, said)} busy="Taking it…">
            {text}
          </Action>
        ))}
      </div>
    </fieldset>
  );
}
