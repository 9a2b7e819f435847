// The clip that is gone on from, or changed.

import { imageSource } from "../../../core/sources";
import { Icon, IconButton } from "../../../core/ui/icons";
import type { Problem } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { useStill } from "../../media/media";
import { Problems } from "../problems";
import { useDrop } from "./drop";

interface SourceProps {
  field: "video" | "edit";
  /** Its key; empty for none. */
  clip: string;
  reason: string;
  problems: readonly Problem[];
}

export function SourceVideo({ field, clip, reason, problems }: SourceProps) {
  const { compose, chosen, say } = usePanel();
  const put = (video: string) => compose((now) => ({ ...now, video, edit: "" }));
  const [over, drop] = useDrop({
    files: () => say("A clip of the gallery can be gone on from, not a file."),
    clip: (key) => (reason === "" ? put(key) : say(reason)),
  });
  const one = chosen.length === 1 ? chosen[0] : undefined;
  const text = one === undefined ? "drop a clip" : `use ${one.split("/")[0]}`;
  const take = () => {
    if (reason !== "") say(reason);
    else if (one !== undefined) put(one);
    else say("Choose one clip in the gallery, or drag it here.");
  };
  // One that the library has not is named by its address.
  const away = /^\/|:/.test(clip);
  const still = imageSource(useStill(away ? "" : clip));
  const id = away ? clip : clip.split("/")[0];
  const changes = field === "edit";
  const label = changes ? "Change" : "Extend";
  const said = changes ? `Changes ${id}` : `Goes on from ${id}`;
  return (
    <div
      class="veo-place"
      role="group"
      aria-label={label}
      data-over={over}
      data-off={reason !== ""}
      {...drop}
    >
      <p class="veo-place-head">
        <span>{label}</span>
      </p>
      <div class="veo-pics">
        {clip === "" ? (
          <button
            type="button"
            class="veo-add"
            aria-disabled={reason !== ""}
            aria-label={`Extend: ${text}${reason && `. ${reason}`}`}
            title={reason || "Drop a clip of the gallery, or click to take the one that is chosen there"}
            onClick={take}
          >
            <Icon name="add" />
            <span>{text}</span>
          </button>
        ) : (
          <span class="veo-pic" title={said}>
            {still === "" ? <span class="veo-pic-words">{id}</span> : <img src={still} alt={said} />}
            <span class="veo-pic-buttons">
              <IconButton
                name="close"
                label={changes ? `Do not change ${id}` : `Do not go on from ${id}`}
                onClick={() => put("")}
              />
            </span>
          </span>
        )}
      </div>
      <Problems problems={problems} />
    </div>
  );
}
