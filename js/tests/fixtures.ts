// The examples that Python's tests read as well.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Answers,
  Card,
  Check,
  Details,
  GalleryView,
  Grid,
  GridCell,
  Item,
  LibraryFacts,
  Message,
  Part,
  PictureFacts,
  Queue,
  Reply,
  Row,
  Setup,
  SharedDraft,
  Summary,
} from "../src/core/protocol";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf-8")) as T;
}

export const lines = read<{ parts: Part[]; now: number; text: string }[]>("lines.json");
export const messages = read<{ requests: Message[]; replies: Reply[]; "not replies": unknown[] }>(
  "messages.json",
);
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

export interface GridFacts {
  grid: Grid;
  summary: Summary;
  cells: GridCell[];
}
export const gridExamples = read<{ grids: Record<string, GridFacts>; requests: Message[] }>("grids.json");

/** A copy of an example grid. */
export function exampleGrid(name = "running"): GridFacts {
  const facts = gridExamples.grids[name];
  if (facts === undefined) throw new Error(`grids.json has no "${name}"`);
  return structuredClone(facts);
}

export interface PanelFacts {
  panel: Setup;
  draft: SharedDraft;
  queue: Queue;
  rows: Row[];
  library: LibraryFacts;
  chosen: string[];
  view: GalleryView;
}
export const panelExamples = read<{
  now: number;
  panels: Record<string, PanelFacts>;
  checks: Record<string, Check>;
  pictures: PictureFacts[];
  items: Item[];
  details: Record<string, Details>;
  answers: Answers;
  requests: Message[];
  "not requests": Message[];
}>("panels.json");

/** A copy of an example panel. */
export function examplePanel(name = "running"): PanelFacts {
  const facts = panelExamples.panels[name];
  if (facts === undefined) throw new Error(`panels.json has no "${name}"`);
  return structuredClone(facts);
}
