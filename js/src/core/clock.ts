// The kernel's time, and one heartbeat a second for the whole page.

import { useEffect, useState } from "preact/hooks";
import type { Request } from "./connection";

/** Tells the time as the kernel sees it: a browser's clock may be minutes off. */
export interface Clock {
  now(): number;
}

export class KernelClock implements Clock {
  private skew = 0;

  now(): number {
    return Date.now() / 1000 + this.skew;
  }

  /** Ask the kernel for the time. Without an answer the browser's own clock has to do. */
  async synchronize(request: Request): Promise<void> {
    const { now } = await request("clock");
    if (typeof now !== "number") return;
    // Less than a second is the way there and back; correcting it would only make the figures jump.
    const skew = now - Date.now() / 1000;
    this.skew = Math.abs(skew) < 1 ? 0 : skew;
  }
}

type Listener = () => void;

/** Calls its listeners once a second, and rests while there are none or nobody looks at the page. */
export class Ticker {
  private readonly listeners = new Set<Listener>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Be called every second until the function returned is called. */
  subscribe(listener: Listener): () => void {
    if (this.listeners.size === 0) document.addEventListener("visibilitychange", this.adjust);
    this.listeners.add(listener);
    this.adjust();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) document.removeEventListener("visibilitychange", this.adjust);
      this.adjust();
    };
  }

  private readonly adjust = () => {
    const wanted = this.listeners.size > 0 && !document.hidden;
    if (wanted && this.timer === undefined) {
      this.timer = setInterval(this.beat, 1000);
      // Back after a while in another tab: show the present at once.
      this.beat();
    } else if (!wanted) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  };

  private readonly beat = () => {
    for (const listener of [...this.listeners]) listener();
  };
}

// Each widget model loads a copy of this module of its own, so a module variable would not be one per page.
const SHARED = Symbol.for("veo_nb.ticker.1");

export function sharedTicker(): Ticker {
  const page = globalThis as { [SHARED]?: Ticker };
  page[SHARED] ??= new Ticker();
  return page[SHARED];
}

/** The kernel's time, drawing again each second while `live`. */
export function useNow(clock: Clock, live: boolean): number {
  const [, redraw] = useState(0);
  useEffect(() => (live ? sharedTicker().subscribe(() => redraw((count) => count + 1)) : undefined), [live]);
  return clock.now();
}
