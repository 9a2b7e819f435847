// What crosses the border for the panel; the twin of veo_nb/notebook/panel_protocol.py and panel_wishes.py, which
// say what each part means.

import type { Part, Progress, State } from "../core/protocol";
import type { Shape } from "../grid/protocol";

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

export interface View {
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

export interface PictureFacts {
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

export type RowAction = "cancel" | "again" | "fetch" | "resubmit" | "dismiss" | "move";

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
export interface LibraryFacts {
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
  pictures: PictureFacts[];
  came_from: Lineage[];
  became: Lineage[];
  cell: string;
  python: string;
  actions: ("another" | "vary" | "extend" | "again" | "fetch" | "resubmit")[];
  cannot_extend: string;
}

export interface Piece {
  clip: string;
  start: number;
  end: number | null;
}

/** What a page can ask for, and with which payload. */
export interface PanelWishes {
  draft: { draft: Draft; by: string };
  check: { draft: Draft };
  generate: { draft: Draft; confirm: boolean };
  upload: { name: string };
  frame: { clip: string; seconds: number | null };
  crop: { picture: string; x: number; y: number; width: number; height: number };
  picture: { picture: string };
  cancel: { job: string };
  again: { job: string };
  fetch: { job: string };
  resubmit: { job: string };
  dismiss: { job: string };
  move: { job: string; before: string };
  browse: View & { offset: number; limit: number };
  posters: { clips: string[] };
  video: { clip: string; offset: number };
  details: { clip: string };
  select: { clips: string[] };
  view: { view: View };
  another: { clip: string };
  vary: { clip: string };
  rate: { clip: string; rating: number };
  star: { clip: string; star: boolean };
  note: { clip: string; note: string };
  delete: { clips: string[] };
  restore: { clips: string[] };
  join: { pieces: Piece[]; title: string };
}
export type PanelWish = keyof PanelWishes;

/** What each is answered with; those that are missing say nothing but that it is done. */
export interface Answers {
  check: Check;
  /** The question is what a large sweep asks before anything is sent; empty where it is sent. */
  generate: { jobs: string[]; sweep: string; question: string };
  upload: PictureFacts;
  frame: PictureFacts;
  crop: PictureFacts;
  picture: PictureFacts;
  again: { job: string };
  another: { job: string };
  browse: { total: number; items: Item[] };
  posters: { posters: Record<string, string> };
  video: { size: number; next: number };
  details: Details;
  vary: { draft: Draft };
  join: { clip: string };
}
export type Answer<W extends PanelWish> = W extends keyof Answers ? Answers[W] : Record<string, never>;
