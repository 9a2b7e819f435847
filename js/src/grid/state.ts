// What a person has done to the view: which cell the keyboard is on, what is chosen, what is open. Pure.

import type { AxisChoice } from "./axes";
import type { Mode } from "./layers/panes";
import { AT_REST, type Zoom } from "./layers/zoom";

export interface Board {
  choice: AxisChoice;
  /** The spot that the keyboard is on. */
  active: string;
  /** At most two spots, the first is A. */
  chosen: readonly string[];
  layer: "" | "enlarged" | "compared";
  mode: Exclude<Mode, "single">;
  labels: boolean;
  view: Zoom;
  /** What lies over everything: the keys, or the note of this spot. */
  popup: "" | "help" | `note ${string}`;
  /** Counts up when the keyboard's focus is to go to the active cell. */
  focus: number;
}

export function newBoard(choice: AxisChoice): Board {
  return {
    choice,
    active: "",
    chosen: [],
    layer: "",
    mode: "beside",
    labels: true,
    view: AT_REST,
    popup: "",
    focus: 0,
  };
}

/** With this spot chosen, or not any more; a third one takes the place of the second. */
export function choose(board: Board, id: string): Board {
  const { chosen } = board;
  if (chosen.includes(id)) return { ...board, chosen: chosen.filter((one) => one !== id) };
  return { ...board, chosen: [...chosen.slice(0, 1), id] };
}

export function openLayer(board: Board, layer: "enlarged" | "compared"): Board {
  return { ...board, layer, view: AT_REST };
}

/** One step back: what was opened last goes first. */
export function back(board: Board): Board | undefined {
  if (board.popup !== "") return { ...board, popup: "", focus: board.focus + (board.layer === "" ? 1 : 0) };
  if (board.layer !== "") return { ...board, layer: "", view: AT_REST, focus: board.focus + 1 };
  return undefined;
}
