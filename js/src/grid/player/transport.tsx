// The bar that plays all clips in step.

import type { ComponentChildren } from "preact";
import { Icon, IconButton } from "../../core/ui/icons";
import { type Observable, usePlayer } from "../context";
import { type Player, SPEEDS } from "./player";
import { formatPosition } from "./sync";

interface TransportBarProps {
  player: Player;
  /** Frames a second of the clip that steps go by. */
  fps: number;
  onSound: () => void;
  /** What is played and heard, where it is not the cells of a grid. */
  text?: { play: string; hear: string };
  children?: ComponentChildren;
}

const OF_A_GRID = { play: "Play all", hear: "Hear the chosen cell" };

export function TransportBar({ player, fps, onSound, text = OF_A_GRID, children }: TransportBarProps) {
  const playing = usePlayer(player, (it) => it.playing);
  const looping = usePlayer(player, (it) => it.state.loop);
  const speed = usePlayer(player, (it) => it.state.speed);
  const audible = usePlayer(player, (it) => it.audible);
  return (
    <div class="veo-transport" role="toolbar" aria-label={text.play}>
      <IconButton name="back" label="One frame back (,)" onClick={() => player.step(-1, fps)} />
      <button type="button" class="veo-button veo-play" onClick={() => player.toggle()}>
        <Icon name={playing ? "pause" : "play"} filled={!playing} />
        <span>{playing ? "Pause" : text.play}</span>
      </button>
      <IconButton name="on" label="One frame on (.)" onClick={() => player.step(1, fps)} />
      <Scrubber player={player} />
      <IconButton
        name="loop"
        label={looping ? "Loop is on (O)" : "Loop is off (O)"}
        pressed={looping}
        onClick={() => player.toggleLoop()}
      />
      <IconButton
        name={audible === "" ? "silent" : "sound"}
        label={audible === "" ? `${text.hear} (M)` : "Mute (M)"}
        pressed={audible !== ""}
        onClick={onSound}
      />
      <select
        class="veo-speed"
        aria-label="Speed"
        value={String(speed)}
        onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
      >
        {SPEEDS.map((one) => (
          <option key={one} value={String(one)}>
            {one}×
          </option>
        ))}
      </select>
      {children}
    </div>
  );
}

/** Something that has a length and stands somewhere in it. */
interface Scrubbed extends Observable {
  position: number;
  state: { duration: number };
  engaged: boolean;
  seek: (position: number) => void;
}

/** Drawn again at each beat, and nothing but it. */
export function Scrubber({ player }: { player: Scrubbed }) {
  const position = usePlayer(player, (it) => it.position);
  const duration = usePlayer(player, (it) => it.state.duration);
  const text = formatPosition(position) + (duration > 0 ? ` of ${formatPosition(duration)}` : "");
  return (
    <span class="veo-scrubber">
      <span class="veo-time">{formatPosition(position)}</span>
      <input
        type="range"
        aria-label="Position"
        aria-valuetext={text}
        min={0}
        max={duration || 1}
        step={0.01}
        value={position}
        disabled={duration === 0 && !player.engaged}
        style={{ "--veo-share": `${duration > 0 ? (position / duration) * 100 : 0}%` }}
        onInput={(event) => player.seek(event.currentTarget.valueAsNumber)}
      />
      {/* Unknown until a clip is loaded; its place is kept. */}
      <span class="veo-time">{duration > 0 ? formatPosition(duration) : ""}</span>
    </span>
  );
}
