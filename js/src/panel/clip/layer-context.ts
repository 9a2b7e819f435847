// What the parts of a layer know beside the panel they are of, and the way from a layer to Compose.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Notices } from "../../core/ui/notices";
import type { Draft, GalleryView, Item } from "../../protocol.gen";
import type { Layer, Library, Panel } from "../context";

/** Beside a panel context whose notices and `open` and `close` are the layer's own. */
interface LayerScope {
  /** The panel below: for what is said and done when the layers have gone. */
  panel: Panel;
  notices: Notices;
  library: Library;
  view: GalleryView;
  /** Whether somebody came here along the steps of a clip. */
  walked: boolean;
  /** Open something in this layer's place. */
  swap: (layer: Layer) => void;
}

export const LayerContext = createContext<LayerScope | undefined>(undefined);

export function useLayer(): LayerScope {
  const scope = useContext(LayerContext);
  if (scope === undefined) throw new Error("a part of a layer stands outside of it");
  return scope;
}

/** Close all layers, then change the draft and go to it; it can be taken back. */
export function goCompose(panel: Panel, text: string, change: (draft: Draft) => Draft): void {
  panel.close();
  // Under a dialog nothing takes the focus, so it has to be gone first.
  setTimeout(() => {
    let before: Draft | undefined;
    panel.compose((draft) => {
      before ??= draft;
      return change(draft);
    }, true);
    panel.offer(text, "Undo", () => panel.compose((draft) => before ?? draft));
  }, 0);
}

/** Go to Compose with a draft that goes on from a clip, by this model where one is named. The provider takes no pictures beside it. */
export function goOn(panel: Panel, { key, job }: Item, model: string): void {
  goCompose(panel, `Goes on from ${job}: say in the prompt what happens next.`, (draft) => ({
    ...draft,
    fields: model === "" ? draft.fields : { ...draft.fields, model: [model] },
    video: key,
    edit: "",
    image: [],
    last_frame: [],
    reference_images: [],
  }));
}
