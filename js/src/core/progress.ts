// How full the bar is.

import type { Progress } from "../protocol.gen";

/**
 * A share from 0 to 1. What is reported is taken as it is, and counted bytes are what they are. A guess is the part that has gone by of
 * the time in which half of such clips are ready, of those that are not ready yet: so it goes on ever more slowly and never reaches
 * the end. Undefined when nothing sensible is known.
 */
export function progressShare(progress: Progress, now: number): number | undefined {
  if (progress.kind === "transfer") {
    return progress.total > 0 ? Math.min(1, Math.max(0, progress.done / progress.total)) : undefined;
  }
  if (progress.kind === "reported") return Math.min(1, Math.max(0, progress.share));
  if (progress.usual <= 0 || progress.slope <= 0) return undefined;
  const elapsed = Math.max(0, (now - progress.since) / progress.usual);
  return (elapsed ** -progress.slope + 2) ** (-1 / progress.slope);
}
