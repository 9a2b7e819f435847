// What every part of a grid shares, made once for each tree and gone with it.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Clock } from "../clock";
import type { Player } from "./player";
import type { Posters } from "./posters";
import type { GridClip, Wish, Wishes } from "./protocol";
import type { Sight } from "./sight";

/** Asks the kernel; a refusal is shown to the person and ends there. The answer is undefined then. */
export type Ask = <W extends Wish>(
  wish: W,
  payload: Wishes[W],
) => Promise<Record<string, unknown> | undefined>;

export interface Context {
  player: Player;
  /** What is on screen or about to be: it has its still. */
  near: Sight;
  /** What stays on screen: it has its video. */
  sight: Sight;
  posters: Posters;
  clock: Clock;
}

/** What a person thinks of a clip. */
export type Marks = Pick<GridClip, "rating" | "star" | "note">;

/** A value of the player, drawing again only when it changes. */
export function usePlayer<T>(player: Player, pick: (player: Player) => T): T {
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
