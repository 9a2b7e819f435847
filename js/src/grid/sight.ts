// Tells which elements are on screen, with one observer for a whole grid.

export type Seen = (onScreen: boolean) => void;

/** How far outside the screen something counts as on it: what is about to come in has its picture already. */
const MARGIN = "120px";

export class Sight {
  private readonly watched = new Map<Element, Seen>();
  private readonly observer: IntersectionObserver;

  constructor(signal: AbortSignal) {
    this.observer = new IntersectionObserver(this.tell, { rootMargin: MARGIN });
    signal.addEventListener(
      "abort",
      () => {
        this.observer.disconnect();
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
      this.observer.unobserve(element);
    };
  }

  /** How many elements are watched. */
  get size(): number {
    return this.watched.size;
  }

  private readonly tell = (entries: IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) this.watched.get(target)?.(isIntersecting);
  };
}
