// The dialog of a layer: its heading, its keys, and a place for words.

import type { ComponentChildren } from "preact";
import { Dialog } from "../../core/ui/dialog";
import { type Intent, intentOf, kindOfTarget } from "../../grid/keys";
import type { Player } from "../../grid/player/player";
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

/** What a key does to what is played; whether it was such a key. */
export function playBy(player: Player, intent: Intent, fps: number): boolean {
  if (intent.kind === "play") player.toggle();
  else if (intent.kind === "step") player.step(intent.frames, fps);
  else if (intent.kind === "skip") player.skip(intent.seconds);
  else if (intent.kind === "start") player.seek(0);
  else if (intent.kind === "loop") player.toggleLoop();
  else return false;
  return true;
}
