// What every part of a panel gets: a way to ask, to say, and to open what lies over it. Made once for each view.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Clock } from "../core/clock";
import type { Extras } from "../core/connection";
import type { Stills } from "../core/media/stills";
import type { Sources } from "../core/media/videos";
import type {
  Draft,
  LibraryState,
  PanelAnswers,
  PanelCommand,
  PanelCommands,
  Shelves,
} from "../protocol.gen";
import type { PanelRequest } from "./request";

/** Asks the kernel; a refusal is said to the person and ends there. The answer is undefined then. */
export type AskPanel = <W extends PanelCommand>(
  command: W,
  payload: PanelCommands[W],
  extras?: Extras,
) => Promise<(PanelAnswers[W] & { buffers?: DataView[] }) | undefined>;

/** What there is in the library: the traits `library` and `shelves` in one. */
export interface Library extends LibraryState, Shelves {}

/** What lies over the panel. */
export type Layer =
  | { kind: "details"; clip: string /** Whether somebody came there along the steps. */; walked?: boolean }
  | { kind: "compare"; clips: [string, string] }
  | { kind: "blind"; clips: string[] }
  | { kind: "join"; clips: string[] };

export interface Panel {
  ask: AskPanel;
  /** As `ask`, but a refusal is thrown (a RequestError): for who has a place of its own for the words. */
  request: PanelRequest;
  /** Words to the person: shown for a while, or with `unseen` only read out. */
  say: (text: string, unseen?: boolean) => void;
  /** As `say`, with something that can still be done about it. */
  offer: (text: string, label: string, action: () => void) => void;
  open: (layer: Layer) => void;
  close: () => void;
  /** Change the draft that is being composed, as if the person had; Compose gets the focus with `show`. */
  compose: (change: (draft: Draft) => Draft, show?: boolean) => void;
  /** The clips that were chosen, in order. */
  chosen: readonly string[];
  choose: (clips: readonly string[]) => void;
  stills: Stills;
  sources: Sources;
  clock: Clock;
  /** Aborted when the view goes. */
  signal: AbortSignal;
}

export const PanelContext = createContext<Panel | undefined>(undefined);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (panel === undefined) throw new Error("a part of the panel stands outside of it");
  return panel;
}

/** A value that settles: what it was once it has not changed for so many milliseconds. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
