// The buttons of a comparison, each with its key on it.

import type { ComponentChildren } from "preact";
import { Icon } from "../core/ui/icons";
import { usePlayer } from "../grid/context";
import type { Preference } from "../protocol.gen";
import type { Showing } from "./showing";

interface VoteButtonProps {
  choice: Preference;
  keys: string;
  pending: string;
  onVote: (choice: Preference) => void;
  children: ComponentChildren;
}

export function VoteButton({ choice, keys, pending, onVote, children }: VoteButtonProps) {
  return (
    <button
      type="button"
      class="veo-button veo-compare-vote"
      data-choice={choice}
      aria-keyshortcuts={KEYSHORTCUTS[choice]}
      aria-disabled={pending !== ""}
      data-chosen={pending === choice}
      onClick={() => onVote(choice)}
    >
      <span>{children}</span>
      <span class="veo-key" aria-hidden="true">
        {keys}
      </span>
    </button>
  );
}

const KEYSHORTCUTS: Readonly<Record<Preference, string>> = {
  left: "ArrowLeft 1",
  right: "ArrowRight 2",
  tie: "T 3",
  skip: "S 4",
};

interface ToolProps {
  keys: string;
  disabled?: boolean;
  onClick: () => void;
  children: ComponentChildren;
}

export function Tool({ keys, disabled = false, onClick, children }: ToolProps) {
  return (
    <button
      type="button"
      class="veo-button veo-compare-tool"
      aria-keyshortcuts={keys}
      aria-disabled={disabled}
      onClick={onClick}
    >
      {children}{" "}
      <span class="veo-key" aria-hidden="true">
        {keys}
      </span>
    </button>
  );
}

const SOUNDS: Readonly<Record<string, string>> = {
  "": "Sound: off",
  left: "Sound: left",
  right: "Sound: right",
};

export function Playing({ showing, sound }: { showing: Showing; sound: boolean }) {
  const playing = usePlayer(showing.player, (it) => it.playing);
  const audible = usePlayer(showing.player, (it) => it.audible);
  return (
    <>
      <Tool keys="Space" onClick={() => showing.player.toggle()}>
        <Icon name={playing ? "pause" : "play"} filled={!playing} />
        <span class="veo-compare-play">{playing ? "Pause" : "Play both"}</span>
      </Tool>
      <Tool keys="R" onClick={() => showing.replay()}>
        Replay
      </Tool>
      <Tool keys="M" disabled={!sound} onClick={() => sound && showing.hear()}>
        <Icon name={audible === "" ? "silent" : "sound"} />
        <span class="veo-compare-sound">{sound ? SOUNDS[audible] : "No sound"}</span>
      </Tool>
    </>
  );
}
