// What is asked for: the prompt and its variables, the pictures, the settings, and what all that costs.

import type { Draft, LibraryFacts, Setup } from "../protocol";

export interface ComposeProps {
  setup: Setup;
  draft: Draft;
  /** Whether something is on its way: a narrow panel folds this part then. */
  running: boolean;
  library: LibraryFacts;
}

export function Compose({ draft }: ComposeProps) {
  return (
    <section class="veo-compose" aria-label="Compose">
      {draft.prompt}
    </section>
  );
}
