// What a screen reader is given to read out.

import { act } from "preact/test-utils";
import { vi } from "vitest";
import { KNOWN_MS } from "../src/core/announce";

/** The words that were said lately, the last one last. With fake timers. */
export async function spoken(): Promise<(string | null)[]> {
  await act(() => vi.advanceTimersByTimeAsync(KNOWN_MS).then(() => {}));
  return [...document.querySelectorAll("[data-veo-spoken] > *")].map((one) => one.textContent);
}
