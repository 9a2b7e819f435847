// What every view gets to play on.

import type { AnyModel } from "@anywidget/types";
import type { Clock } from "./clock";
import type { Request } from "./connection";

export interface Stage {
  model: AnyModel;
  el: HTMLElement;
  clock: Clock;
  request: Request;
  /** Aborted when the view goes; everything a view starts ends with it. */
  signal: AbortSignal;
}

/** Puts a view on the stage and keeps it up to date until the signal is aborted. */
type View = (stage: Stage) => void;

/** A kind of view, made once for each model. */
export interface ViewKind {
  /** Starts what lives as long as the model, whether it is shown or not. */
  open?: (scene: Pick<Stage, "model" | "clock" | "signal">) => void;
  show: View;
}
