// What the parts of a layer know beside their desk, and the way from a layer to Compose.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Draft, GalleryView, LibraryFacts } from "../../core/protocol";
import type { Desk, Layer } from "../context";
import type { Notices } from "../notices";

/** Beside a desk whose words and ways are the layer's own. */
export interface Level {
  /** The desk of the panel below: for what is said and done when the layers have gone. */
  panel: Desk;
  notices: Notices;
  library: LibraryFacts;
  view: GalleryView;
  /** Open something in this layer's place. */
  swap: (layer: Layer) => void;
}

export const LevelContext = createContext<Level | undefined>(undefined);

export function useLevel(): Level {
  const level = useContext(LevelContext);
  if (level === undefined) throw new Error("a part of a layer stands outside of it");
  return level;
}

/** Close all layers, then change the draft and go to it; it can be taken back. */
export function goCompose(panel: Desk, words: string, change: (draft: Draft) => Draft): void {
  panel.close();
  // Under a dialog nothing takes the focus, so it has to be gone first.
  setTimeout(() => {
    let before: Draft | undefined;
    panel.compose((draft) => {
      before ??= draft;
      return change(draft);
    }, true);
    panel.offer(words, "Undo", () => panel.compose((draft) => before ?? draft));
  }, 0);
}
