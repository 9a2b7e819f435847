// What crosses between Python and this front end; the twin of protocol.py, grid_protocol.py, panel_protocol.py and
// panel_wishes.py in veo_nb/notebook, which say what each part means.
//
// State comes as traits, written by Python alone, a fresh snapshot each time: `card` for a job; `grid`, `summary` and
// `cells_0`, `cells_1`, … (a batch of cells each, so that one change does not push all of them) for a sweep; those of
// the panel in its part below. Commands go as messages `{kind, id, payload}`, each answered by
// `{kind: "reply", id, ok | error}`. tests/fixtures/protocol holds examples that both sides read in their tests.

export const STATES = [
  "queued",
  "submitting",
  "running",
  "downloading",
  "succeeded",
  "failed",
  "blocked",
  "cancelled",
  "uncertain",
] as const;
export type State = (typeof STATES)[number];

/** Time gone by since `at`, as `0:42`, put where `text` has `{}`. */
export interface Since {
  clock: "since";
  at: number;
  text?: string;
}

/** Time left until `at`, as `40 s` or `3 min`, put where `text` has `{}`; `past` once it is over. */
export interface Until {
  clock: "until";
  at: number;
  text: string;
  past: string;
}

export type Part = string | Since | Until;

/** How far something is: guessed from past runs, or counted. */
export type Progress = { since: number; expected: number } | { done: number; total: number };

export interface CardClip {
  /** Where the page can fetch it; empty when it can't. */
  url: string;
  poster: string;
  path: string;
  label: string;
}

/** What a person can have done with the job of a card. */
export type CardAction = "cancel" | "rerun";

export interface Card {
  id: string;
  state: State;
  prompt: string;
  settings: string[];
  cost: string;
  tag: string;
  shape: "16:9" | "9:16";
  backdrop: string;
  line: Part[];
  progress: Progress | null;
  actions: CardAction[];
  videos: CardClip[];
}

export type CardCommand = "cancel" | "rerun" | "clock";

export type Command = CardCommand | GridCommand | PanelCommand;

export interface Message {
  kind: Command;
  id: string;
  payload: Record<string, unknown>;
}

export interface ErrorText {
  code: string;
  message: string;
  hint: string;
}

export type Reply = { kind: "reply"; id: string } & ({ ok: Record<string, unknown> } | { error: ErrorText });

// The grid

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

export type SweepAction = "pause" | "resume" | "rerun" | "cancel-all";

export interface Summary {
  line: Part[];
  /** How long still, and what it costs. */
  cost: Part[];
  actions: SweepAction[];
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

export type CellAction = "cancel" | "retry" | "rerun";
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
  actions: CellAction[];
  /** One a sample. */
  clips: GridClip[];
}

/** What a page can ask for, and with which payload. */
export interface GridCommands {
  pause: Record<string, never>;
  resume: Record<string, never>;
  rerun: Record<string, never>;
  "cancel-all": Record<string, never>;
  "cancel-job": { job: string };
  "retry-job": { job: string };
  "rerun-job": { job: string };
  rate: { cell: string; sample: number; rating: number };
  star: { cell: string; sample: number; star: boolean };
  note: { cell: string; sample: number; note: string };
  /** Answered by `{poster}`, a data URI or empty. */
  poster: { cell: string; sample: number };
  /** Answered by `{prompt, settings, line}`, all that is known of a cell. */
  details: { cell: string };
  /** Written beside the notebook; answered by `{text}` on where. No ending means a folder. */
  export: { ending: ".html" | ".mp4" | ".png" | ".csv" | "" };
}
export type GridCommand = keyof GridCommands;

export interface CellDetails {
  prompt: string;
  settings: string[];
  line: Part[];
}

// The panel

/** Jobs that the queue shows one by one. */
export const ROWS = 24;

export type Value = string | number | boolean;

export interface Choice {
  value: Value;
  label: string;
}

export interface FieldForm {
  name: string;
  label: string;
  help: string;
  kind: "choice" | "text" | "number" | "switch";
  choices: Choice[];
  unset: string;
}

export interface Setup {
  title: string;
  tag: string;
  folder: string;
  fields: FieldForm[];
  most_references: number;
  most_bytes: number;
}

export interface Draft {
  prompt: string;
  variables: Record<string, string[]>;
  fields: Record<string, Value[]>;
  image: string[];
  last_frame: string[];
  reference_images: string[];
  video: string;
  fit: "" | "crop" | "pad";
  take: number;
}

export interface SharedDraft {
  by: string;
  draft: Draft;
}

export interface GalleryView {
  search: string;
  models: string[];
  states: string[];
  rating: number;
  sweep: string;
  days: number;
  order: "newest" | "oldest" | "rating";
}

export interface Problem {
  field: string;
  message: string;
  hint: string;
}

export interface Check {
  problems: Problem[];
  /** By field, then by value as a text; the value `*` is the whole field. */
  unavailable: Record<string, Record<string, string>>;
  count: number;
  stored: number;
  line: string;
  button: string;
  notes: string[];
}

export interface Picture {
  key: string;
  name: string;
  width: number;
  height: number;
  still: string;
  origin: string;
}

export interface Queue {
  order: string[];
  more: number;
  line: Part[];
}

export type RowAction = "cancel" | "retry" | "rerun" | "resubmit" | "dismiss" | "move";

export interface Row {
  job: string;
  state: State;
  prompt: string;
  settings: string;
  line: Part[];
  progress: Progress | null;
  actions: RowAction[];
}

/** The traits `library` and `shelves` (the models and the sweeps, which seldom change) in one. */
export interface Library {
  version: number;
  total: number;
  models: Choice[];
  sweeps: { id: string; title: string }[];
  cost: string;
}

export interface Item {
  key: string;
  job: string;
  kind: "clip" | "joined" | "none";
  state: State;
  prompt: string;
  settings: string;
  shape: Shape;
  url: string;
  path: string;
  bytes: number;
  duration: number;
  fps: number;
  here: boolean;
  rating: number;
  star: boolean;
  note: string;
  sweep: string;
  made: number;
}

export interface Lineage {
  key: string;
  how: string;
  prompt: string;
  here: boolean;
}

export interface Details {
  item: Item;
  prompt: string;
  line: Part[];
  recipe: [string, string][];
  pictures: Picture[];
  came_from: Lineage[];
  became: Lineage[];
  cell: string;
  python: string;
  actions: ("another" | "vary" | "extend" | "retry" | "rerun" | "resubmit")[];
  cannot_extend: string;
}

export interface Piece {
  clip: string;
  start: number;
  end: number | null;
}

/** What a page can ask for, and with which payload. */
export interface PanelCommands {
  draft: { draft: Draft; by: string };
  check: { draft: Draft };
  generate: { draft: Draft; confirm: boolean };
  upload: { name: string };
  frame: { clip: string; seconds: number | null };
  crop: { picture: string; x: number; y: number; width: number; height: number };
  picture: { picture: string };
  cancel: { job: string };
  retry: { job: string };
  rerun: { job: string };
  resubmit: { job: string };
  dismiss: { job: string };
  move: { job: string; before: string };
  browse: GalleryView & { offset: number; limit: number };
  posters: { clips: string[] };
  video: { clip: string; offset: number };
  details: { clip: string };
  select: { clips: string[] };
  view: { view: GalleryView };
  another: { clip: string };
  vary: { clip: string };
  rate: { clip: string; rating: number };
  star: { clip: string; star: boolean };
  note: { clip: string; note: string };
  delete: { clips: string[] };
  restore: { clips: string[] };
  join: { pieces: Piece[]; title: string };
}
export type PanelCommand = keyof PanelCommands;

/** What each is answered with; those that are missing say nothing but that it is done. */
export interface Answers {
  check: Check;
  /** The question is what a large sweep asks before anything is sent; empty where it is sent. */
  generate: { jobs: string[]; sweep: string; question: string };
  upload: Picture;
  frame: Picture;
  crop: Picture;
  picture: Picture;
  rerun: { job: string };
  another: { job: string };
  browse: { total: number; items: Item[] };
  posters: { posters: Record<string, string> };
  video: { size: number; next: number };
  details: Details;
  vary: { draft: Draft };
  join: { clip: string };
}
export type Answer<W extends PanelCommand> = W extends keyof Answers ? Answers[W] : Record<string, never>;
