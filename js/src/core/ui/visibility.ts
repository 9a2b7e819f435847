// Tells which elements are on screen, with one observer for a whole grid.

import { useLayoutEffect, useState } from "preact/hooks";

export type Seen = (onScreen: boolean) => void;

/** How far outside the screen something counts as on it: what is about to come in has its picture already. */
export const NEAR = "120px";
/** On the screen itself. */
export const EXACT = "0px";
/** Milliseconds for which a cell stays on screen before its video is worth a decoder: less is scrolling past. */
export const DWELL_MS = 600;

export class Sight {
  private readonly watched = new Map<Element, Seen>();
  private readonly timers = new Map<Element, ReturnType<typeof setTimeout>>();
  private readonly observer: IntersectionObserver;

  /** With `dwell` an element is on screen only once it has stayed there for so many milliseconds. */
  constructor(
    signal: AbortSignal,
    margin: string,
    private readonly dwell = 0,
  ) {
    this.observer = new IntersectionObserver(this.report, { rootMargin: margin });
    signal.addEventListener(
      "abort",
      () => {
        this.observer.disconnect();
        for (const element of [...this.timers.keys()]) this.forget(element);
        this.watched.clear();
      },
      { once: true },
    );
  }

  /** Call `seen` now and whenever the element comes on screen or leaves it, until what is returned is called. */
  watch(element: Element, seen: Seen): () => void {
    this.watched.set(element, seen);
    this.observer.observe(element);
    return () => {
      this.watched.delete(element);
      this.forget(element);
      this.observer.unobserve(element);
    };
  }

  private readonly report = (entries: IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) {
      this.forget(target);
      const say = () => this.watched.get(target)?.(isIntersecting);
      if (isIntersecting && this.dwell > 0) this.timers.set(target, setTimeout(say, this.dwell));
      else say();
    }
  };

  private forget(element: Element): void {
    clearTimeout(this.timers.get(element));
    this.timers.delete(element);
  }
}

/** Whether an element is on screen, drawing again as it comes and goes; not looked at unless `wanted`. */
export function useSight(sight: Sight, element: { current: Element | null }, wanted = true): boolean {
  const [seen, setSeen] = useState(false);
  useLayoutEffect(
    () => (wanted && element.current !== null ? sight.watch(element.current, setSeen) : undefined),
    [sight, element, wanted],
  );
  return wanted && seen;
}
