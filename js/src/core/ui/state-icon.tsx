// One small drawing for each state, in the colour of its text, so that no state is told by colour alone.

import type { State } from "../../protocol.gen";

const RING = "M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 0 1 0-12.5z";

const DRAWINGS: Record<State, string> = {
  queued: `${RING}M8 4.5V8l2.5 1.5`,
  submitting: "M8 13.5v-11M3.5 7L8 2.5L12.5 7",
  running: "M2.25 3.75h11.5v8.5H2.25zM5 3.75v8.5M11 3.75v8.5M2.25 8H5M11 8h2.75",
  downloading: "M8 2v8.5M4 6.75l4 4l4-4M2.5 13.75h11",
  succeeded: `${RING}M5.25 8.25l2 2l3.75-4.25`,
  failed: `${RING}M5.75 5.75l4.5 4.5M10.25 5.75l-4.5 4.5`,
  blocked: "M8 1.5l5.5 2v4c0 3.25-2.25 5.75-5.5 7c-3.25-1.25-5.5-3.75-5.5-7v-4zM5.5 5.5l5 5M10.5 5.5l-5 5",
  cancelled: `${RING}M5.75 5.75h4.5v4.5h-4.5z`,
  uncertain: "M8 1.75l6.5 12h-13zM8 6v3.75M8 11.75v.25",
};

/** The state's icon. `label` reads it out; without one it is decoration beside words that say the same. */
export function StateIcon({ state, label }: { state: State; label?: string }) {
  const drawing = <path d={DRAWINGS[state]} />;
  if (label === undefined) {
    return (
      <svg class="veo-icon" data-state={state} viewBox="0 0 16 16" aria-hidden="true">
        {drawing}
      </svg>
    );
  }
  return (
    <svg class="veo-icon" data-state={state} viewBox="0 0 16 16" role="img" aria-label={label}>
      {drawing}
    </svg>
  );
}
