// The dialog of a layer: its heading, its keys, and a place for words.

import type { ComponentChildren } from "preact";
import { Dialog } from "../../core/ui/dialog";
import { type Intent, intentOf, kindOfTarget } from "../../grid/keys";
import { usePanel } from "../context";
import { NoticePlace } from "../notices";
import { useLayer } from "./layer-context";

interface LayerDialogProps {
  label: string;
  heading: ComponentChildren;
  /** Does what a key means, and says whether it did. */
  onIntent?: (intent: Intent) => boolean;
  /** Closes what is open in the layer, and says whether something was. */
  onBack?: () => boolean;
  /** Whether to stay for now, asked before the layer closes. */
  onLeave?: () => boolean;
  /** A dialog over this one. */
  over?: ComponentChildren;
  children: ComponentChildren;
}

export function LayerDialog({ label, heading, onIntent, onBack, onLeave, over, children }: LayerDialogProps) {
  const { close } = usePanel();
  const { notices } = useLayer();
  const leave = () => {
    if (onLeave?.() !== true) close();
  };
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    const intent = intentOf(event, kindOfTarget(event.target as Element));
    if (intent === undefined) return;
    if (intent.kind === "back") {
      event.preventDefault();
      if (onBack?.() !== true) leave();
    } else if (!over && onIntent?.(intent) === true) event.preventDefault();
  };
  return (
    <div class="veo-layer" role="group" onKeyDown={press}>
      <Dialog label={label} size="full" moves={0} onClose={leave}>
        <div class="veo-layer-head">{heading}</div>
        {children}
        <NoticePlace notice={notices.notice} clear={notices.clear} />
      </Dialog>
      {over}
    </div>
  );
}
