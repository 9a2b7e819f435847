// What every part of a grid shares, made once for each tree and gone with it.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Clock } from "../core/clock";
import { Addresses } from "../core/media/addresses";
import { type AskPiece, Sources } from "../core/media/videos";
import { DWELL_MS, EXACT, NEAR, Sight } from "../core/ui/visibility";
import type { GridAnswers, GridClip, GridCommand, GridCommands, Reached } from "../protocol.gen";
import { Player } from "./player/player";
import { Posters } from "./table/posters";

/** Asks the kernel; a refusal is shown to the person and ends there. The answer is undefined then. */
export type Ask = <W extends GridCommand>(
  command: W,
  payload: GridCommands[W],
) => Promise<GridAnswers[W] | undefined>;

export interface GridContext {
  player: Player;
  /** What is on screen or about to be: it has its still. */
  near: Sight;
  /** What stays on screen: it has its video. */
  sight: Sight;
  posters: Posters;
  /** Where clips come from: the addresses that this page can fetch, or their bytes. */
  addresses: Addresses;
  sources: Sources;
  clock: Clock;
}

/** What a grid gets from its kernel without words, by the clip as `CELL/SAMPLE`: stills, pieces of files; and what it tells it. */
export interface Origin {
  poster: (cell: string, sample: number) => Promise<string>;
  piece: AskPiece;
  reached: (reached: Reached) => unknown;
}

/** What a person thinks of a clip. */
export type Marks = Pick<GridClip, "rating" | "star" | "note">;

/** What calls its listeners when it changes. */
export interface Observable {
  subscribe: (listener: () => void) => () => void;
}

/** A value of the player, drawing again only when it changes. */
export function usePlayer<P extends Observable, T>(player: P, pick: (player: P) => T): T {
  const [, redraw] = useState(0);
  const latest = useRef(pick);
  latest.current = pick;
  const shown = pick(player);
  const last = useRef(shown);
  last.current = shown;
  useLayoutEffect(
    () =>
      player.subscribe(() => {
        if (latest.current(player) !== last.current) redraw((count) => count + 1);
      }),
    [player],
  );
  return shown;
}

/** What the cells of one grid share, until the signal is aborted. */
export function makeContext(
  { poster, piece, reached }: Origin,
  clock: Clock,
  signal: AbortSignal,
): GridContext {
  const player = new Player(signal);
  // Scrolling does not bubble, and what is scrolled may be the grid, the notebook or the page.
  const scrolled = () => player.scrolled();
  document.addEventListener("scroll", scrolled, { capture: true, passive: true, signal });
  return {
    player,
    near: new Sight(signal, NEAR),
    sight: new Sight(signal, EXACT, DWELL_MS),
    posters: new Posters(poster),
    addresses: new Addresses(reached),
    sources: new Sources(piece, signal),
    clock,
  };
}
