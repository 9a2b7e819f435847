// One showing of two clips: they play together once both can, and the time is taken from then on.

import { Player } from "../grid/player/player";
import type { ShownPair } from "../protocol.gen";
import { Stopwatch } from "./stopwatch";

export type Side = "left" | "right";
export const SIDES: readonly Side[] = ["left", "right"];

export class Showing {
  readonly player: Player;
  private readonly life = new AbortController();
  private readonly stopwatch = new Stopwatch();
  /** Whether each side's clip could be loaded; missing while nobody knows. */
  private readonly loaded = new Map<Side, boolean>();

  /** With `plays` they begin by themselves. */
  constructor(
    readonly pair: ShownPair,
    private readonly plays: boolean,
  ) {
    const { signal } = this.life;
    this.player = new Player(signal);
    const look = () => this.stopwatch.hide(document.hidden, performance.now());
    document.addEventListener("visibilitychange", look, { signal });
    look();
    this.player.subscribe(() => {
      const both = SIDES.every((side) => this.loaded.get(side) === true);
      if (both && this.player.state.playing) this.stopwatch.start(performance.now());
    });
  }

  /** A side's clip has its picture, or never will. */
  settle(side: Side, loaded: boolean): void {
    const before = this.loaded.size;
    this.loaded.set(side, loaded);
    if (this.plays && before === 1 && this.loaded.size === 2 && !this.player.engaged) this.player.play();
  }

  /** Seconds for which both have been seen; null where they have not played. */
  get seconds(): number | null {
    return this.stopwatch.read(performance.now());
  }

  /** Silence, left, right and silence again. */
  hear(): void {
    const { audible } = this.player;
    this.player.hear(audible === "" ? "left" : audible === "left" ? "right" : "");
  }

  /** Both again from their start. */
  replay(): void {
    this.player.seek(0);
    if (!this.player.playing) this.player.play();
  }

  end(): void {
    this.life.abort();
  }
}
