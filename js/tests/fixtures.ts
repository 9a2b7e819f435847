// The examples that Python's tests read as well.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Library } from "../src/panel/context";
import type {
  Card,
  Check,
  Comparing,
  Details,
  GalleryView,
  Grid,
  GridCell,
  GridSummary,
  Item,
  LibraryState,
  Part,
  PictureState,
  Queue,
  Row,
  Setup,
  SharedDraft,
  Shelves,
  Turn,
} from "../src/protocol.gen";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf-8")) as T;
}

export const lines = read<{ parts: Part[]; now: number; text: string }[]>("lines.json");
const examples = read<{ now: number; cards: Record<string, Card> }>("cards.json");
/** Seconds since 1970 at which the cards are looked at. */
export const NOW = examples.now;
export const cards = examples.cards;

/** A copy of an example card with some fields changed. */
export function exampleCard(name: string, changes: Partial<Card> = {}): Card {
  const card = cards[name];
  if (card === undefined) throw new Error(`cards.json has no "${name}"`);
  return { ...structuredClone(card), ...changes };
}

export interface GridState {
  grid: Grid;
  summary: GridSummary;
  cells: GridCell[];
}
export const gridExamples = read<{ grids: Record<string, GridState> }>("grids.json");

/** A copy of an example grid. */
export function exampleGrid(name = "running"): GridState {
  const state = gridExamples.grids[name];
  if (state === undefined) throw new Error(`grids.json has no "${name}"`);
  return structuredClone(state);
}

export interface PanelState {
  panel: Setup;
  draft: SharedDraft;
  queue: Queue;
  rows: Row[];
  library: Library;
  chosen: string[];
  view: GalleryView;
}
export const panelExamples = read<{
  now: number;
  /** Of all panels, but for what each says itself. */
  setup: Setup;
  panels: Record<
    string,
    Omit<PanelState, "panel" | "library"> & {
      panel: Partial<Setup>;
      library: LibraryState;
      shelves: Shelves;
    }
  >;
  checks: Record<string, Check>;
  pictures: PictureState[];
  items: Item[];
  details: Record<string, Details>;
}>("panels.json");

/** A copy of an example panel. */
export function examplePanel(name = "running"): PanelState {
  const state = panelExamples.panels[name];
  if (state === undefined) throw new Error(`panels.json has no "${name}"`);
  const { panel, library, shelves, ...rest } = structuredClone(state);
  return { ...rest, panel: { ...panelExamples.setup, ...panel }, library: { ...library, ...shelves } };
}

export const comparisonExamples = read<{ comparing: Comparing; turns: Record<string, Turn> }>(
  "comparisons.json",
);
