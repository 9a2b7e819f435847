// The clips that were made of one another by changing them or going on from them: a chain that can branch, to walk
// along, and any of them to compare with the one that is open.

import { useEffect, useRef } from "preact/hooks";
import type { Player } from "../../../grid/player/player";
import type { Details, Step } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { useStill } from "../../media/media";
import { useLayer } from "../layer-context";

/** Steps in from the edge; what comes after more of them stands below one another. */
const MOST_INDENTS = 6;

export function Steps({ details, player }: { details: Details; player: Player }) {
  const { item, steps, more_steps } = details;
  const { open } = usePanel();
  const { swap, walked } = useLayer();
  if (steps.length === 0) return null;
  const at = steps.findIndex(({ key }) => key === item.key);
  const compare = (place: number, key: string) => {
    player.pause();
    open({ kind: "compare", clips: place < at ? [key, item.key] : [item.key, key] });
  };
  return (
    <section aria-label="Steps">
      <h3>Steps</h3>
      <ol class="veo-steps">
        {steps.map((step, place) => {
          const { key, here, depth } = step;
          const isOpen = place === at;
          return (
            <li key={key} style={{ "--veo-depth": Math.min(depth, MOST_INDENTS) }}>
              <StepButton
                step={step}
                isOpen={isOpen}
                takesFocus={isOpen && walked}
                onPick={() => swap({ kind: "details", clip: key, walked: true })}
              />
              {here && item.here && !isOpen && (
                <button
                  type="button"
                  class="veo-quiet"
                  aria-label={`Compare with ${key.split("/")[0]}`}
                  title="Compare it in step with the clip that is open"
                  onClick={() => compare(place, key)}
                >
                  Compare
                </button>
              )}
            </li>
          );
        })}
      </ol>
      {more_steps > 0 && <p class="veo-hint">and {more_steps} more, which are in the gallery</p>}
    </section>
  );
}

interface StepButtonProps {
  step: Step;
  isOpen: boolean;
  /** Whether somebody has just walked here: with the keyboard they go on from it. */
  takesFocus: boolean;
  onPick: () => void;
}

function StepButton({ step: { key, prompt, how, here, note }, isOpen, takesFocus, onPick }: StepButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (takesFocus) button.current?.focus();
  }, [takesFocus]);
  const still = useStill(here ? key : "");
  const words = [key.split("/")[0], how, ...(isOpen ? ["open"] : []), ...(note === "" ? [] : [note])];
  return (
    <button
      ref={button}
      type="button"
      class="veo-step"
      aria-disabled={!here}
      {...(isOpen && { "aria-current": "step" as const })}
      aria-label={`${prompt}: ${words.join(", ")}`}
      title={prompt}
      onClick={() => here && !isOpen && onPick()}
    >
      <span class="veo-thumb-still">{still !== "" && <img src={still} alt="" />}</span>
      <span class="veo-step-words">
        <span dir="auto">{prompt}</span>
        <small>{words.join(" · ")}</small>
      </span>
    </button>
  );
}
