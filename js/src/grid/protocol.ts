// What crosses the border for a grid; the twin of veo_nb/notebook/grid_protocol.py.
//
// Facts come as traits, written by Python alone: `grid` (what stays), `summary` (the line above the table) and
// `cells_0`, `cells_1`, … (a batch of cells each, so that one change does not push all of them). Pictures come
// only when a page asks for them. Which axes are rows and columns is the page's own affair.

import type { Part, Progress, State } from "../core/protocol";

export type Shape = "16:9" | "9:16";

export interface Axis {
  name: string;
  /** Its values as a person says them, in order. */
  values: string[];
}

/** What a sweep is; it does not change while it is shown. */
export interface Grid {
  id: string;
  axes: Axis[];
  /** The axes that are rows and columns at first; empty for none. */
  rows: string;
  columns: string;
  /** The shape of most cells; those that come to nothing take it too. */
  shape: Shape;
  /** `sandbox`, or empty. */
  tag: string;
  /** How many traits `cells_N` there are. */
  batches: number;
  /** Marks the saved table over which this grid is laid once everything is done. */
  token: string;
}

export const ACTIONS = ["pause", "resume", "retry", "cancel-all"] as const;
export type Action = (typeof ACTIONS)[number];

export interface Summary {
  line: Part[];
  /** How long still, and what it costs. */
  cost: Part[];
  actions: Action[];
  /** Whether the saved table has taken the widget's place in the notebook. */
  settled: boolean;
}

export interface GridClip {
  /** Where the page can fetch it; empty when it can't. */
  url: string;
  path: string;
  fps: number;
  rating: number;
  star: boolean;
  note: string;
}

export type CellState = State | "empty";

export interface GridCell {
  /** Names the cell in messages. */
  key: string;
  /** Where it stands along each axis. */
  place: number[];
  /** Empty for a combination that is not sent. */
  job: string;
  state: CellState;
  /** What happens, in few words; of an empty cell: why it is not sent. */
  line: Part[];
  progress: Progress | null;
  shape: Shape;
  actions: ("cancel" | "retry")[];
  /** One a sample. */
  clips: GridClip[];
}

/** What a page can ask for, and with which payload. */
export interface Wishes {
  pause: Record<string, never>;
  resume: Record<string, never>;
  retry: Record<string, never>;
  "cancel-all": Record<string, never>;
  "cancel-job": { job: string };
  "retry-job": { job: string };
  rate: { cell: string; sample: number; rating: number };
  star: { cell: string; sample: number; star: boolean };
  note: { cell: string; sample: number; note: string };
  /** Answered by `{poster}`, a data URI or empty. */
  poster: { cell: string; sample: number };
  /** Answered by `{prompt, settings, line}`, all that is known of a cell. */
  details: { cell: string };
  /** Written beside the notebook; answered by `{words}` on where. No ending means a folder. */
  export: { ending: ".html" | ".mp4" | ".png" | ".csv" | "" };
}
export type Wish = keyof Wishes;

export interface Details {
  prompt: string;
  settings: string[];
  line: Part[];
}
