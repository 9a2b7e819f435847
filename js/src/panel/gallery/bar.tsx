// The line above the tiles: how many there are, or what can be done with those that were chosen.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { usePanel } from "../context";

interface GalleryBarProps {
  text: string;
  /** A way out of where the words say one is stuck. */
  way?: { label: string; action: () => void } | undefined;
  /** Whether the person is asked if the chosen should be deleted. */
  asking: boolean;
  onAsking: (asks: boolean) => void;
  /** After the chosen went, or came back. */
  onGone: () => void;
  /** What stands at the end of the line. */
  children: ComponentChildren;
}

export function GalleryBar({ text, way, asking, onAsking, onGone, children }: GalleryBarProps) {
  const { chosen } = usePanel();
  return (
    <div class="veo-gallery-bar" data-choosing={chosen.length > 0}>
      {chosen.length > 0 ? (
        <Chosen asking={asking} onAsking={onAsking} onGone={onGone} />
      ) : (
        <>
          <span class="veo-soft">{text}</span>
          {way !== undefined && (
            <button type="button" class="veo-button" onClick={way.action}>
              {way.label}
            </button>
          )}
        </>
      )}
      {children}
    </div>
  );
}

function Chosen({ asking, onAsking, onGone }: Pick<GalleryBarProps, "asking" | "onAsking" | "onGone">) {
  const { ask, choose, chosen, offer, open, say } = usePanel();
  const sure = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) sure.current?.focus();
  }, [asking]);
  const clips = [...chosen];
  const [first, second] = clips;
  const count = clips.length === 1 ? "1 clip" : `${clips.length} clips`;

  const remove = async () => {
    onAsking(false);
    if ((await ask("delete", { clips })) === undefined) return;
    choose([]);
    onGone();
    offer(`Deleted ${count}.`, "Undo", async () => {
      if ((await ask("restore", { clips })) === undefined) return;
      say(`${count} back again.`, true);
      onGone();
    });
  };

  if (asking) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: Escape on one of the buttons
      <div
        class="veo-gallery-asked"
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          onAsking(false);
        }}
      >
        <span>Delete {count}? They can be brought back for 7 days.</span>
        <button ref={sure} type="button" class="veo-button" onClick={() => void remove()}>
          Delete {count}
        </button>
        <button type="button" class="veo-button" onClick={() => onAsking(false)}>
          Keep
        </button>
      </div>
    );
  }
  const two = clips.length === 2;
  return (
    <>
      <span>{clips.length} chosen</span>
      <button
        type="button"
        class="veo-button"
        aria-disabled={!two}
        title={two ? "" : "Choose two clips to compare them"}
        onClick={() =>
          first !== undefined &&
          second !== undefined &&
          two &&
          open({ kind: "compare", clips: [first, second] })
        }
      >
        Compare
      </button>
      <button
        type="button"
        class="veo-button"
        aria-disabled={clips.length < 2}
        title={clips.length < 2 ? "Choose two or more clips to compare them blind" : ""}
        onClick={() => clips.length > 1 && open({ kind: "blind", clips })}
      >
        Compare blind
      </button>
      <button type="button" class="veo-button" onClick={() => open({ kind: "join", clips })}>
        Join
      </button>
      <button type="button" class="veo-button" onClick={() => onAsking(true)}>
        Delete
      </button>
      <button type="button" class="veo-button" onClick={() => choose([])}>
        Clear
      </button>
    </>
  );
}
