// How full the bar is.

import type { Progress } from "../protocol.gen";

const AT_EXPECTED = 0.9;
const NEVER_ABOVE = 0.995;

/**
 * A share from 0 to 1. What is reported is taken as it is. A guess moves evenly to 90 % at the time expected and then ever more slowly, without
 * reaching the end; counted bytes are what they are. Undefined when nothing sensible is known.
 */
export function progressShare(progress: Progress, now: number): number | undefined {
  if (progress.kind === "transfer") {
    return progress.total > 0 ? Math.min(1, Math.max(0, progress.done / progress.total)) : undefined;
  }
  if (progress.kind === "reported") return Math.min(1, Math.max(0, progress.share));
  if (progress.expected <= 0) return undefined;
  const ratio = Math.max(0, (now - progress.since) / progress.expected);
  if (ratio <= 1) return AT_EXPECTED * ratio;
  return Math.min(NEVER_ABOVE, AT_EXPECTED + (1 - AT_EXPECTED) * (1 - Math.exp(1 - ratio)));
}
