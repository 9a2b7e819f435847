// The pieces as one clip: the video of the piece that is on, and under it that of the next, ready to take over.

import { useLayoutEffect, useRef } from "preact/hooks";
import { releaseVideo } from "../../../core/sources";
import { Icon, IconButton } from "../../../core/ui/icons";
import { usePlayer } from "../../../grid/context";
import { Scrubber } from "../../../grid/player/transport";
import { useStill, useVideoSource } from "../../media/media";
import type { JoinPart } from "./pieces";
import type { Sequence } from "./sequence";

interface PreviewProps {
  parts: readonly JoinPart[];
  sequence: Sequence;
  /** The video of a piece has said how long it is. */
  onLength: (part: JoinPart, duration: number) => void;
}

export function Preview({ parts, sequence, onLength }: PreviewProps) {
  const index = usePlayer(sequence, (it) => it.index);
  const playing = usePlayer(sequence, (it) => it.playing);
  const muted = usePlayer(sequence, (it) => it.muted);
  const [on, next] = [parts[index], parts[index + 1]];
  return (
    <div class="veo-preview">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Space does it, and the button below */}
      <div
        class="veo-panes"
        data-shape={parts[0]?.item.shape ?? "16:9"}
        role="group"
        aria-label="Preview"
        onClick={() => sequence.toggle()}
      >
        {/* The next one below, so that it has its first picture when it comes up. */}
        {[next, on].map(
          (part) =>
            part !== undefined && (
              <PieceVideo
                key={part.id}
                part={part}
                on={part === on}
                sequence={sequence}
                onLength={onLength}
              />
            ),
        )}
        {on === undefined && <p class="veo-hint">Add a clip to see it here.</p>}
      </div>
      <div class="veo-transport" role="toolbar" aria-label="Play the pieces">
        <button type="button" class="veo-button veo-play" onClick={() => sequence.toggle()}>
          <Icon name={playing ? "pause" : "play"} filled={!playing} />
          <span>{playing ? "Pause" : "Play"}</span>
        </button>
        <Scrubber player={sequence} />
        <IconButton
          name={muted ? "silent" : "sound"}
          label={muted ? "Sound on (M)" : "Mute (M)"}
          pressed={!muted}
          onClick={() => sequence.mute()}
        />
      </div>
    </div>
  );
}

interface PieceVideoProps {
  part: JoinPart;
  on: boolean;
  sequence: Sequence;
  onLength: PreviewProps["onLength"];
}

function PieceVideo({ part, on, sequence, onLength }: PieceVideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const source = useVideoSource(part.item);
  const still = useStill(part.item.key);
  const latest = useRef(part);
  latest.current = part;
  useLayoutEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    const remove = sequence.add(latest.current, element);
    return () => {
      remove();
      releaseVideo(element);
    };
  }, [sequence, source.url]);
  return (
    <div class="veo-piece-video" data-on={on} aria-hidden={!on}>
      {still !== "" && <img src={still} alt="" />}
      {source.url !== "" && (
        <video
          ref={video}
          src={source.url}
          aria-label={part.item.prompt}
          muted
          playsInline
          preload="auto"
          tabIndex={-1}
          onLoadedMetadata={(event) => onLength(part, event.currentTarget.duration)}
          onLoadedData={source.onLoaded}
          onError={(event) => event.currentTarget.hasAttribute("src") && source.onBroken()}
        />
      )}
      {source.state === "fetching" && <p class="veo-saved">Fetching the clip · {source.percent} %</p>}
      {source.state === "failed" && <p class="veo-saved">{source.text}</p>}
    </div>
  );
}
