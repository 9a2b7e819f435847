// What crosses between Python and this front end. Written by `python -m tests.write_protocol` from the Structs in
// veo_nb/notebook (protocol.py, grid/protocol.py, panel/protocol.py, panel/commands.py, compare/protocol.py): change
// those, not this.

/** A time that is off by this factor is still right: nobody plans by the second. */
export const WITHIN = 1.5;

/** Two times that differ by less are said as one. */
export const SAME = 1.35;

/** Seconds that nobody counts. */
export const SOON = 5;

/** Where the longer is so many times the shorter one, only the longer is said. */
export const UP_TO = 5;

export type Shape = "16:9" | "9:16";

export type State =
  | "queued"
  | "submitting"
  | "running"
  | "downloading"
  | "succeeded"
  | "failed"
  | "blocked"
  | "cancelled"
  | "uncertain";

/** What was measured of a clip by one measure. */
export interface Measured {
  label: string;
  /** With its unit; a dash where it can't be said. */
  value: string;
  /** What it is, and what a higher number means. */
  about: string;
}

/** Time gone by since `at`, as `0:42`, put where `text` has `{}`. */
export interface Since {
  clock: "since";
  /** Seconds since 1970. */
  at: number;
  text?: string;
}

/** Time left until `at`, as `40 s` or `3 min`, put where `text` has `{}`; `past` once it is over. */
export interface Until {
  clock: "until";
  /** Seconds since 1970. */
  at: number;
  text: string;
  /** Empty: the part disappears when the time is over. */
  past: string;
}

/**
 * What is left of a clip that was sent at `at`, as `40 to 90 s left`: no more than is known, and less as time
 * passes. Of clips like it half take `usual` seconds, and the larger `slope`, the less the others differ from
 * that.
 */
export interface Left {
  clock: "left";
  /** Seconds since 1970. */
  at: number;
  usual: number;
  slope: number;
}

/** A piece of the live line; the pieces are joined by ` · `. */
export type Part = string | Since | Until | Left;

/** Progress guessed from past runs: it never reaches the end. */
export interface Estimate {
  kind: "estimate";
  /** Seconds since 1970. */
  since: number;
  /** Seconds that half of such clips take. */
  usual: number;
  /** The larger, the less the others differ from that. */
  slope: number;
}

/** Progress as the provider reports it. */
export interface Reported {
  kind: "reported";
  /** From 0 to 1. */
  share: number;
}

/** Progress counted in bytes. */
export interface Transfer {
  kind: "transfer";
  done: number;
  total: number;
}

export type Progress = Estimate | Reported | Transfer;

/** A video that is there. */
export interface CardClip {
  /** Its address on the server; empty where there is none. Whether the page can fetch it, the page tries. */
  url: string;
  /** Its address from the notebook's folder; empty where there is none. */
  beside: string;
  /** Bytes of the file; 0 where it is gone. */
  size: number;
  /** Where the file is, as a person says it. */
  path: string;
  /** What tells it from its siblings; empty for an only one. */
  label: string;
}

/** What a person can have done with the job of a card. */
export type CardAction = "cancel" | "rerun" | "finalize";

/** All that the card under a cell shows. */
export interface Card {
  id: string;
  state: State;
  prompt: string;
  /** What was set, in reading order: `["fast", "9:16", "8 s"]`. */
  settings: string[];
  /** Marks the saved output over which this card is laid where that can't play its clips. */
  token: string;
  cost: string;
  /**
   * What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known.
   */
  final_cost: string;
  /** `sandbox`, or empty. */
  tag: string;
  shape: Shape;
  /** The input image, small, as a data URI; or empty. */
  backdrop: string;
  line: Part[];
  progress: Progress | null;
  actions: CardAction[];
  videos: CardClip[];
}

/** Something that the person at the browser wants. */
export interface Command {
  kind: string;
  /** Chosen by the browser; the reply carries it back. */
  id: string;
  payload: Record<string, unknown>;
}

/** An error as the browser shows it. */
export interface ErrorText {
  code: string;
  message: string;
  hint: string;
}

/** The answer to a command: `ok` or `error`, never both. */
export interface Reply {
  kind: "reply";
  id: string;
  ok?: Record<string, unknown>;
  error?: ErrorText;
}

/**
 * A command that has nothing to say but its kind, or an answer that has nothing to say but that it is done.
 */
export type Nothing = Record<string, never>;

/** What time it is for the kernel. */
export interface Now {
  /** Seconds since 1970. */
  now: number;
}

/** The bundle of a view, for a page that has lost it. */
export interface FrontEnd {
  script: string;
  style: string;
}

/** Something asked about one of the videos of a card, by its place among them. */
export interface OfVideo {
  video: number;
}

/** A piece of its file, from this byte on. */
export interface VideoBytes extends OfVideo {
  offset: number;
}

/** A still of a clip, whose bytes go along. */
export interface Still {
  /** `image/webp`; empty where there is none to be had. */
  kind: string;
}

/** One job: something is asked of it, or it is what was made. */
export interface OfJob {
  job: string;
}

/** Something asked of some clips. */
export interface OfClips {
  clips: string[];
}

/** A piece of a clip's file, from this byte on. */
export interface Bytes {
  clip: string;
  offset: number;
}

/** What a page has found out by trying to fetch a clip from its addresses. */
export interface Reached {
  /** Whether an output that is HTML alone plays it there. */
  plays: boolean;
  /** Whether the page holds outputs alone, without the notebook around them. */
  apart: boolean;
}

/** The stills of some clips. */
export interface Posters {
  /** A data URI for each key that has one. */
  posters: Record<string, string>;
}

/** A piece of a clip's file, whose bytes come along as the answer's only buffer. */
export interface VideoPiece {
  /** Bytes of the whole. */
  size: number;
  /** Where the next piece begins. */
  next: number;
}

/** What can be asked for, and with which payload. */
export interface CardCommands {
  clock: Nothing;
  bundle: Nothing;
  cancel: Nothing;
  rerun: Nothing;
  finalize: Nothing;
  poster: OfVideo;
  video: VideoBytes;
  reached: Reached;
}

/** What each is answered with. */
export interface CardAnswers {
  clock: Now;
  bundle: FrontEnd;
  cancel: Nothing;
  rerun: Nothing;
  finalize: Nothing;
  poster: Still;
  video: VideoPiece;
  reached: Nothing;
}

export type CardCommand = keyof CardCommands;

/** Cells in one trait: a kilobyte, since mostly one of them has changed. */
export const BATCH = 4;

/** An axis, and its values as a person says them, in order. */
export interface GridAxis {
  name: string;
  values: string[];
}

/** What a sweep is; it does not change while it is shown. */
export interface Grid {
  id: string;
  axes: GridAxis[];
  /** The axis that is rows at first; empty for none. */
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

export type SweepAction = "finalize" | "pause" | "resume" | "rerun" | "cancel-all";

/** The line above the table. */
export interface GridSummary {
  line: Part[];
  /** How long still, and what it costs. */
  cost: Part[];
  actions: SweepAction[];
  /**
   * What making the starred drafts final would do: `Make 2 starred final · about $1.40`; empty where there
   * are none.
   */
  finals: string;
  /** Whether the saved table has taken the widget's place in the notebook. */
  settled: boolean;
}

/** One clip of a cell, and what a person thinks of it. */
export interface GridClip {
  /** Its address on the server; empty where there is none. Whether the page can fetch it, the page tries. */
  url: string;
  /** Its address from the notebook's folder; empty where there is none. */
  beside: string;
  /** Bytes of the file; 0 where it is gone. */
  size: number;
  /** Where a small copy of it is, which a cell plays; empty while there is none, or none is needed. */
  preview: string;
  /** Bytes of that copy, which come through the kernel too; 0 while there is none. */
  small: number;
  path: string;
  fps: number;
  rating: number;
  star: boolean;
  note: string;
}

export type CellState = State | "empty";

export type CellAction = "cancel" | "retry" | "rerun" | "finalize";

/** One cell. */
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
  /**
   * What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known.
   */
  final_cost: string;
  /** One a sample. */
  clips: GridClip[];
}

/** All that is known of a cell; asked for when it is enlarged. */
export interface CellDetails {
  prompt: string;
  settings: string[];
  line: Part[];
  /** Of each clip, as in the cell; empty of one that was not measured. */
  measures: Measured[][];
}

/** All that an exported page shows but its clips. */
export interface PageState {
  grid: Grid;
  summary: GridSummary;
  cells: GridCell[];
  /** By the cell's key. */
  details: Record<string, CellDetails>;
  /** Data URIs by `cell/sample`, as the clips. */
  stills: Record<string, string>;
}

/** Something asked about one cell. */
export interface OfCell {
  cell: string;
}

/** Something asked about one clip of a cell. */
export interface OfSample {
  cell: string;
  sample: number;
}

/** A piece of a clip's file, or of its small copy, from this byte on. */
export interface SampleBytes extends OfSample {
  offset: number;
  small: boolean;
}

/** 1 to 5; 0 clears. */
export interface RateSample extends OfSample {
  rating: number;
}

/** Star a clip, or take the star away. */
export interface StarSample extends OfSample {
  star: boolean;
}

/** Words about a clip; empty takes them away. */
export interface NoteSample extends OfSample {
  note: string;
}

/** The sweep as a file with this ending beside the notebook; without one, as a folder. */
export interface Export {
  ending: ".html" | ".mp4" | ".png" | ".csv" | "";
}

/** Where an export was written. */
export interface Exported {
  text: string;
}

/** What can be asked for, and with which payload. */
export interface GridCommands {
  clock: Nothing;
  bundle: Nothing;
  pause: Nothing;
  resume: Nothing;
  rerun: Nothing;
  finalize: Nothing;
  "cancel-all": Nothing;
  "cancel-job": OfJob;
  "retry-job": OfJob;
  "rerun-job": OfJob;
  "finalize-job": OfJob;
  rate: RateSample;
  star: StarSample;
  note: NoteSample;
  poster: OfSample;
  video: SampleBytes;
  reached: Reached;
  details: OfCell;
  export: Export;
}

/** What each is answered with. */
export interface GridAnswers {
  clock: Now;
  bundle: FrontEnd;
  pause: Nothing;
  resume: Nothing;
  rerun: Nothing;
  finalize: Nothing;
  "cancel-all": Nothing;
  "cancel-job": Nothing;
  "retry-job": Nothing;
  "rerun-job": Nothing;
  "finalize-job": Nothing;
  rate: Nothing;
  star: Nothing;
  note: Nothing;
  poster: Still;
  video: VideoPiece;
  reached: Nothing;
  details: CellDetails;
  export: Exported;
}

export type GridCommand = keyof GridCommands;

/** Jobs that the queue shows one by one; of more it says how many. */
export const ROWS = 24;

/** What a field of a request can be set to in a form. */
export type Value = string | number | boolean;

/** A value that a field takes, and how a person says it. */
export interface Choice {
  value: Value;
  label: string;
  /** What it stands under: of a model the provider; empty where there are no groups. */
  group: string;
}

/** A field of the request as a form shows it. */
export interface FieldForm {
  name: string;
  label: string;
  help: string;
  kind: "choice" | "text" | "number" | "switch";
  /** Of a choice or a switch; empty for the others. */
  choices: Choice[];
  /** What stands there while nothing is set: `8 s` where the provider takes that, else empty. */
  unset: string;
  /** Whether it stands in the fold, with what is seldom set. */
  seldom: boolean;
}

/** Something that a prompt may leave open, and phrases that say it. */
export interface Tip {
  name: string;
  question: string;
  phrases: string[];
  /** Whether a phrase goes before the rest of the prompt. */
  first: boolean;
}

/** What the provider that is set takes; it changes only with the settings. */
export interface Setup {
  /** The provider's name, as a person says it. */
  title: string;
  /** `sandbox`, or empty. */
  tag: string;
  /** Where the library is, as a person says it. */
  folder: string;
  fields: FieldForm[];
  most_references: number;
  /** Of a picture that a page gives: what one message to the kernel can carry. */
  most_bytes: number;
  tips: Tip[];
}

/** A request that is being made: nothing of it is sent before somebody asks for that. */
export interface Draft {
  prompt: string;
  /** The values of each `{{variable}}`; several make a sweep. */
  variables: Record<string, string[]>;
  /** What was set, by field; several values make a sweep. A text may hold several in the way of a cell. */
  fields: Record<string, Value[]>;
  /** Pictures by their key; several make a sweep. */
  image: string[];
  last_frame: string[];
  reference_images: string[];
  /** The key of the clip that is gone on from; empty for none. */
  video: string;
  /** The key of the clip that is changed; empty for none. */
  edit: string;
  fit: "" | "crop" | "pad";
  take: number;
  /** Whether the cheapest is asked for that the model makes, to be made final once it is good. */
  drafted: boolean;
}

/** The draft as all panels have it, and which view wrote it last: that one knows better. */
export interface SharedDraft {
  by: string;
  draft: Draft;
}

/** How a person has the gallery: it is so again after a restart. */
export interface GalleryView {
  search: string;
  models: string[];
  /**
   * Any of `made`, `joined`, `failed`, `blocked`, `cancelled`, `uncertain`, and `starred`, which narrows the
   * others; none means `made` and `joined`.
   */
  states: string[];
  /** At least so many stars; 0 for all. */
  rating: number;
  sweep: string;
  /** Not older than so many days; 0 for all. */
  days: number;
  order: "newest" | "oldest" | "rating";
}

/** Why a draft can't be sent. */
export interface Problem {
  field: string;
  message: string;
  hint: string;
}

/** What a draft would do, with nothing sent. */
export interface Check {
  problems: Problem[];
  /**
   * Of each field the values, as texts, that can't be combined with the others, and why. A field with the
   * value `*` can't be used at all; `draft` has nothing else.
   */
  unavailable: Record<string, Record<string, string>>;
  /**
   * Clips that it would make, samples counted one by one; those that are there already are not among them.
   */
  count: number;
  /** Those that are. */
  stored: number;
  /** `2 clips · about $2.40 · about 2 min`. */
  line: string;
  /** `about $2.40`; empty where nothing would be sent. */
  cost: string;
  /**
   * `360p at about a third of the price`, where it is or were asked for as a draft; empty where nothing is
   * cheaper.
   */
  saving: string;
  /** `Generate 2 clips`, `Change it`, `Show the clip`, `Generate`. */
  button: string;
  /** What should be known before: the picture will be cut, the budget does not suffice. */
  notes: string[];
  /** Tips by name, of what the prompt does not say. */
  left_open: string[];
  /** `Left open: camera, light`, or why that can't be told. */
  tips: string;
}

/** A picture that was given, kept in the library. */
export interface PictureState {
  key: string;
  name: string;
  width: number;
  height: number;
  /** A small data URI. */
  still: string;
  /** The key of the clip that it is a frame of; empty for none. */
  origin: string;
}

/** The jobs that are on their way or ended without a clip, those to be sent last at the end. */
export interface Queue {
  /** Ids of the jobs that have a row, in the order in which they are shown. */
  order: string[];
  /** Jobs beyond those. */
  more: number;
  /** `2 generating · 3 waiting · about 3 min left`; empty while there is nothing. */
  line: Part[];
}

export type RowAction = "cancel" | "retry" | "rerun" | "resubmit" | "dismiss" | "move";

/** A job in the queue; `{}` in a trait that has none. */
export interface Row {
  job: string;
  state: State;
  /** At most 120 letters. */
  prompt: string;
  settings: string;
  line: Part[];
  progress: Progress | null;
  actions: RowAction[];
}

/** A sweep to choose from. */
export interface SweepName {
  id: string;
  title: string;
}

/** What there is in the library, in short. A new `version` says that something in it has changed. */
export interface LibraryState {
  version: number;
  /** Clips. */
  total: number;
  /** `so far about $3.20 of the budget of $20.00, $16.80 left`. */
  cost: string;
}

/**
 * What the clips of the library can be told apart by; a trait of its own, since it is long and seldom
 * changes.
 */
export interface Shelves {
  /** Those that made something, by their full id. */
  models: Choice[];
  sweeps: SweepName[];
}

/** A clip in the gallery, or a job that has none. */
export interface Item {
  /** `3f2a/0`: the job and the sample; of clips that were put together the id that they got, and 0. */
  key: string;
  job: string;
  kind: "clip" | "joined" | "none";
  state: State;
  /** At most 200 letters. */
  prompt: string;
  settings: string;
  shape: Shape;
  /** Where the page may find it; empty where there is no server that has it. */
  url: string;
  path: string;
  bytes: number;
  duration: number;
  fps: number;
  /** Whether its file is there. */
  here: boolean;
  rating: number;
  star: boolean;
  note: string;
  sweep: string;
  /** Seconds since 1970. */
  made: number;
}

/** A clip that another one came from, or that came from it. */
export interface Lineage {
  key: string;
  /**
   * `its last frame`, `its frame at 2.5 s`, `goes on from it`, `changes it`, `makes it final`, `part of it`.
   */
  how: string;
  prompt: string;
  here: boolean;
  /** Why it is not here: `on its way`, `blocked`, `gone`; empty where it is. */
  note: string;
}

/** A clip among those that were made of one another by changing it or by going on from it. */
export interface Step extends Lineage {
  /** The key of the step before; empty for the first. */
  parent: string;
  /** How many are before it on its way from the first. */
  depth: number;
}

/** Whether a clip can be changed by saying how. */
export interface Change {
  /** The model that would do it: the one that made it, else the one that is set. */
  model: string;
  /** Why that one can't; empty where it can. */
  reason: string;
  /** A model at this provider that can, where that one has no edits; empty for none. */
  other: string;
}

export type DetailsAction = "finalize" | "another" | "vary" | "extend" | "retry" | "rerun" | "resubmit";

/** All that is known of a clip. */
export interface Details {
  item: Item;
  prompt: string;
  line: Part[];
  /** What was set and what came of it: name and value, in reading order. */
  recipe: [string, string][];
  /** What was measured of it; empty while nothing was. */
  measures: Measured[];
  /** First frame, last frame and references. */
  pictures: PictureState[];
  came_from: Lineage[];
  became: Lineage[];
  /**
   * It and those that it was made of, or that were made of it and of them, each before what was made of it;
   * empty where there are no others.
   */
  steps: Step[];
  /** Those beyond. */
  more_steps: number;
  /** The `%%veo` cell that makes exactly this clip; empty where it takes Python. */
  cell: string;
  python: string;
  /** What makes sense here, beside what can be done with every clip. */
  actions: DetailsAction[];
  /**
   * What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known.
   */
  final_cost: string;
  /** Why it can't be gone on from; empty where it can. */
  cannot_extend: string;
  /** The model that goes on from it, where that is its own; empty for whichever Compose has. */
  extend_model: string;
  change: Change;
}

/** Keep this draft; `by` names the view. */
export interface KeepDraft {
  draft: Draft;
  by: string;
}

/** A draft: what it would do is asked, or it is what was asked for. */
export interface OfDraft {
  draft: Draft;
}

/** Make it; `confirm` answers the question that a large sweep raises. */
export interface Generate {
  draft: Draft;
  confirm: boolean;
}

/** Keep the picture that comes along as the message's only buffer. */
export interface Upload {
  name: string;
}

/** Keep a frame of a clip as a picture; no time means the last one. */
export interface Frame {
  clip: string;
  seconds: number | null;
}

/** Keep a part of a picture as another; shares of its width and height. */
export interface Crop {
  picture: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Something asked about a picture. */
export interface OfPicture {
  picture: string;
}

/** A part of what the view shows. */
export interface Browse extends GalleryView {
  offset: number;
  limit: number;
}

/** One clip: something is asked of it, or it is what was made. */
export interface OfClip {
  clip: string;
}

/** Send a job before another one; empty for the end. */
export interface Move {
  job: string;
  before: string;
}

/** 1 to 5; 0 clears. */
export interface RateClip extends OfClip {
  rating: number;
}

/** Star a clip, or take the star away. */
export interface StarClip extends OfClip {
  star: boolean;
}

/** Words about a clip; empty takes them away. */
export interface NoteClip extends OfClip {
  note: string;
}

/** A part of a clip; no end means its own. */
export interface Piece {
  clip: string;
  start: number;
  end: number | null;
}

/** Put these together into one clip, in this order. */
export interface Join {
  pieces: Piece[];
  title: string;
}

/** A view of the gallery: it is to be kept so, or something is asked about it. */
export interface OfView {
  view: GalleryView;
}

/** Put these before voters, blind. */
export interface Blind extends OfClips {
  /** The field whose values are compared; empty: each clip stands for itself. */
  by: string;
  /** Empty for the usual one. */
  question: string;
}

/** By what some clips can be compared. */
export interface Contest {
  /** The fields in which they differ. */
  by: Choice[];
  /** The usual one. */
  question: string;
}

/** What was made, or the question that a large sweep raises before anything is sent. */
export interface Generated {
  jobs: string[];
  /** Empty for a single job. */
  sweep: string;
  /** Empty where it is sent. */
  question: string;
}

/** A part of what the gallery's view shows. */
export interface Found {
  total: number;
  /** Whether there are at least so many, and how many would take longer to find than these: `count` does. */
  uncounted: boolean;
  items: Item[];
}

/** How many there are in the gallery's view. */
export interface Counted {
  total: number;
}

/** What can be asked for, and with which payload. */
export interface PanelCommands {
  clock: Nothing;
  bundle: Nothing;
  draft: KeepDraft;
  check: OfDraft;
  generate: Generate;
  upload: Upload;
  frame: Frame;
  crop: Crop;
  picture: OfPicture;
  cancel: OfJob;
  retry: OfJob;
  rerun: OfJob;
  resubmit: OfJob;
  dismiss: OfJob;
  move: Move;
  browse: Browse;
  count: OfView;
  posters: OfClips;
  video: Bytes;
  details: OfClip;
  select: OfClips;
  view: OfView;
  another: OfClip;
  finalize: OfClip;
  measure: OfClip;
  vary: OfClip;
  rate: RateClip;
  star: StarClip;
  note: NoteClip;
  delete: OfClips;
  restore: OfClips;
  join: Join;
  contest: OfClips;
  blind: Blind;
  "compare-bundle": Nothing;
  turn: OfVoter;
  vote: CastVote;
  undo: OfVoter;
  outcome: OfComparison;
}

/** What each is answered with. */
export interface PanelAnswers {
  clock: Now;
  bundle: FrontEnd;
  draft: Nothing;
  check: Check;
  generate: Generated;
  upload: PictureState;
  frame: PictureState;
  crop: PictureState;
  picture: PictureState;
  cancel: Nothing;
  retry: Nothing;
  rerun: OfJob;
  resubmit: Nothing;
  dismiss: Nothing;
  move: Nothing;
  browse: Found;
  count: Counted;
  posters: Posters;
  video: VideoPiece;
  details: Details;
  select: Nothing;
  view: Nothing;
  another: OfJob;
  finalize: OfJob;
  measure: Nothing;
  vary: OfDraft;
  rate: Nothing;
  star: Nothing;
  note: Nothing;
  delete: Nothing;
  restore: Nothing;
  join: OfClip;
  contest: Contest;
  blind: Comparing;
  "compare-bundle": FrontEnd;
  turn: Turn;
  vote: Turn;
  undo: Turn;
  outcome: Outcome;
}

export type PanelCommand = keyof PanelCommands;

/** What a person says of a pair. */
export type Preference = "left" | "right" | "tie" | "skip";

export type BoxShape = "16:9" | "9:16" | "1:1";

/** What is compared; it does not change while it is shown. */
export interface Comparing {
  id: string;
  question: string;
  /** Who votes, where the cell says so; empty: the page knows or asks. */
  voter: string;
  /** Who voted last from where the kernel runs, for a page that does not know; empty where nobody did. */
  usual: string;
  /**
   * The box of every clip, so that none moves from pair to pair; square where some are wide and some upright.
   */
  frame: BoxShape;
  /** Marks the saved words over which the comparison is laid. */
  token: string;
  /** How to go on with it in another kernel. */
  again: string;
}

/** One of the two. */
export interface ShownClip {
  key: string;
  /** Where the page can fetch it; empty when it can't. */
  url: string;
  /** Whether its file is there. */
  here: boolean;
  sound: boolean;
}

/** Two clips, on the sides where they are shown. */
export interface ShownPair {
  /** Names this showing of them: a vote is about it, and about no other. */
  id: string;
  left: ShownClip;
  right: ShownClip;
}

/** What a voter sees now. */
export interface Turn {
  pair: ShownPair | null;
  /** Votes of this voter, without what was undone. */
  given: number;
  /** `12 votes of 30`, `12 votes; about 8 more`. */
  progress: string;
  /** Why there is no pair; empty where there is one. */
  ended: string;
  /** Whether nothing more is asked of this voter, so that what came out may be seen. */
  over: boolean;
}

/** Something that a voter asks about a comparison. */
export interface OfVoter {
  comparison: string;
  voter: string;
}

/** What a voter says of the pair with this id. */
export interface CastVote extends OfVoter {
  pair: string;
  choice: Preference;
  /**
   * From when both clips played until the vote, while the page was looked at; None where they did not play.
   */
  seconds: number | null;
}

/** Something asked about a comparison. */
export interface OfComparison {
  comparison: string;
}

/** What the votes come to. */
export interface Outcome {
  html: string;
}

/** What can be asked for, and with which payload. */
export interface ComparisonCommands {
  clock: Nothing;
  bundle: Nothing;
  settle: Nothing;
  turn: OfVoter;
  vote: CastVote;
  undo: OfVoter;
  outcome: OfComparison;
  posters: OfClips;
  video: Bytes;
}

/** What each is answered with. */
export interface ComparisonAnswers {
  clock: Now;
  bundle: FrontEnd;
  settle: Nothing;
  turn: Turn;
  vote: Turn;
  undo: Turn;
  outcome: Outcome;
  posters: Posters;
  video: VideoPiece;
}

export type ComparisonCommand = keyof ComparisonCommands;
