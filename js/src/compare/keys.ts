// Keys to what a voter means. Each stands on the button that does the same.

import { kindOfTarget } from "../grid/keys";
import type { Preference } from "../protocol.gen";

export type Intent =
  | { kind: "vote"; choice: Preference }
  | { kind: "undo" }
  | { kind: "play" }
  | { kind: "replay" }
  | { kind: "sound" }
  | { kind: "large" };

const INTENTS: ReadonlyMap<string, Intent> = new Map<string, Intent>([
  ["ArrowLeft", { kind: "vote", choice: "left" }],
  ["ArrowRight", { kind: "vote", choice: "right" }],
  ["t", { kind: "vote", choice: "tie" }],
  ["s", { kind: "vote", choice: "skip" }],
  ["1", { kind: "vote", choice: "left" }],
  ["2", { kind: "vote", choice: "right" }],
  ["3", { kind: "vote", choice: "tie" }],
  ["4", { kind: "vote", choice: "skip" }],
  ["u", { kind: "undo" }],
  [" ", { kind: "play" }],
  ["k", { kind: "play" }],
  ["r", { kind: "replay" }],
  ["Home", { kind: "replay" }],
  ["m", { kind: "sound" }],
  ["f", { kind: "large" }],
]);

/** What a key means; undefined leaves it to the page. A key that is held down says nothing again. */
export function intentOf(event: KeyboardEvent): Intent | undefined {
  const on = kindOfTarget(event.target as Element);
  if (on === "text" || event.altKey) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return key === "z" && !event.shiftKey ? { kind: "undo" } : undefined;
  if (on === "button" && (key === " " || key === "Enter")) return undefined;
  return INTENTS.get(key);
}
