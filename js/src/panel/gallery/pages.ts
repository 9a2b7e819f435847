// The part of the library that is looked at, a page at a time. What is shown stays until what takes its place is here.

import { refusalOf } from "../../core/connection";
import type { GalleryView, Item } from "../../protocol.gen";
import type { PanelRequest } from "../request";

export const PAGE = 60;
/** Pages that are kept. */
const KEPT = 40;
const AT_ONCE = 2;
/** Milliseconds between two looks at a library in which much happens. */
export const REFRESH_MS = 300;
/** Milliseconds after a refusal until it is asked again; doubled each time. */
export const AGAIN_MS = 3000;
const AGAIN_AT_MOST_MS = 24_000;

/** The answers to one view of a library that has not changed meanwhile. */
interface Shelf {
  view: GalleryView;
  pages: Map<number, Item[]>;
  asked: Set<number>;
  total: number | undefined;
  /** Where there may be more than the total says: whether the kernel has been asked how many, or has refused to say. */
  counting: "" | "asked" | "refused";
  /** Whether it is another view than the one shown, rather than the same one again. */
  other: boolean;
}

export class Pages {
  /** Why there is no answer, in words; asked again by itself. */
  problem = "";
  /** Counts the shelves that were shown. */
  turn = 0;
  /** Whether the shelf that is shown is of another view than the one before. */
  turned = true;
  private shown: Shelf;
  private next: Shelf | undefined;
  private range: [from: number, to: number] = [0, PAGE];
  private running = 0;
  private refusals = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private refreshing: ReturnType<typeof setTimeout> | undefined;
  private stale = false;

  constructor(
    view: GalleryView,
    private readonly request: PanelRequest,
    private readonly signal: AbortSignal,
    private readonly changed: () => void,
  ) {
    this.shown = shelfOf(view, false);
    this.next = shelfOf(view, true);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(this.again);
        clearTimeout(this.refreshing);
      },
      { once: true },
    );
    this.pump();
  }

  /** How many there are in the view that is shown; undefined until the first answer. */
  get total(): number | undefined {
    return this.shown.total;
  }

  /** Whether there are at least so many, and the kernel is still counting. */
  get uncounted(): boolean {
    return this.shown.counting !== "";
  }

  /** The view that is shown; another one may be on its way. */
  get view(): GalleryView {
    return this.shown.view;
  }

  /** Whether another view is on its way. */
  get turning(): boolean {
    return this.next?.other === true;
  }

  item(index: number): Item | undefined {
    return this.shown.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a clip stands, among what was loaded; -1 for nowhere. */
  indexOf(key: string): number {
    for (const [page, items] of this.shown.pages) {
      const at = items.findIndex((item) => item.key === key);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Show another view. */
  look(view: GalleryView): void {
    this.next = shelfOf(view, true);
    this.retry();
  }

  /** The tiles that are on screen, the last not among them. */
  want(from: number, to: number): void {
    this.range = [from, to];
    this.pump();
  }

  /** Look again: something in the library has changed. Not more often than a person can see. */
  refresh(): void {
    this.stale = true;
    if (this.refreshing === undefined && this.next === undefined && !this.signal.aborted) this.renew();
  }

  /** Ask again now. */
  retry(): void {
    clearTimeout(this.again);
    this.again = undefined;
    this.pump();
    this.changed();
  }

  /** All tiles between these two, loaded where they are not yet; undefined when that is refused. */
  async between(from: number, to: number): Promise<Item[] | undefined> {
    const shelf = this.shown;
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page++) {
      if (shelf.pages.has(page)) continue;
      try {
        await this.load(shelf, page);
      } catch (error) {
        refusalOf(error);
        return undefined;
      }
    }
    const items: Item[] = [];
    for (let index = from; index <= to; index++) {
      const item = shelf.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  private renew(): void {
    this.stale = false;
    this.next = shelfOf(this.shown.view, false);
    this.refreshing = setTimeout(() => {
      this.refreshing = undefined;
      if (this.stale && this.next === undefined) this.renew();
    }, REFRESH_MS);
    this.pump();
  }

  private pump(): void {
    while (this.again === undefined && this.running < AT_ONCE && !this.signal.aborted) {
      const shelf = this.next ?? this.shown;
      if (shelf.counting === "refused") void this.count(shelf);
      const page = this.needed(shelf).find((one) => !shelf.pages.has(one) && !shelf.asked.has(one));
      if (page === undefined) return;
      void this.fetch(shelf, page);
    }
  }

  /** The pages of a shelf without which the screen has holes. */
  private needed(shelf: Shelf): number[] {
    const [coming, other] = [shelf === this.next, shelf === this.next && shelf.other];
    let [from, to] = other ? [0, PAGE] : this.range;
    if (shelf.total === undefined) {
      // What is asked first tells how many there are.
      return [Math.floor(from / PAGE)];
    }
    // So many have come before or after those that are shown, and they must be found again.
    const shift = coming && !other ? shelf.total - (this.shown.total ?? 0) : 0;
    [from, to] = [Math.max(0, from + Math.min(0, shift)), Math.min(shelf.total, to + Math.max(0, shift))];
    const pages: number[] = [];
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) pages.push(page);
    return pages;
  }

  private async fetch(shelf: Shelf, page: number): Promise<void> {
    this.running += 1;
    shelf.asked.add(page);
    const current = () => !this.signal.aborted && (shelf === this.next || shelf === this.shown);
    try {
      await this.load(shelf, page);
      this.refusals = 0;
      this.problem = "";
      this.showIfReady(shelf);
      if (current()) this.changed();
    } catch (error) {
      const { message } = refusalOf(error);
      if (current()) {
        this.problem = message;
        this.askAgain();
        this.changed();
      }
    } finally {
      this.running -= 1;
      shelf.asked.delete(page);
      this.pump();
    }
  }

  private askAgain(): void {
    this.again ??= setTimeout(() => this.retry(), Math.min(AGAIN_AT_MOST_MS, AGAIN_MS * 2 ** this.refusals));
    this.refusals += 1;
  }

  private async load(shelf: Shelf, page: number): Promise<void> {
    const payload = { ...shelf.view, offset: page * PAGE, limit: PAGE };
    const { total, uncounted, items } = await this.request("browse", payload);
    shelf.pages.set(page, items as Item[]);
    if (!uncounted) {
      shelf.total = total;
      shelf.counting = "";
    } else if (shelf.total === undefined || shelf.counting !== "") {
      shelf.total = Math.max(shelf.total ?? 0, total);
      if (shelf.counting !== "asked") void this.count(shelf);
    }
    if (shelf === this.shown) this.trim();
  }

  /** Have the kernel count what it has found too much of to say at once; what is found is shown meanwhile. */
  private async count(shelf: Shelf): Promise<void> {
    shelf.counting = "asked";
    try {
      const { total } = await this.request("count", { view: shelf.view });
      // A page may have come with the answer meanwhile.
      if (shelf.counting === "asked") shelf.total = total;
      shelf.counting = "";
    } catch (error) {
      refusalOf(error);
      shelf.counting = "refused";
    }
    if (this.signal.aborted || (shelf !== this.next && shelf !== this.shown)) return;
    if (shelf.counting === "refused") this.askAgain();
    this.showIfReady(shelf);
    this.changed();
    this.pump();
  }

  private showIfReady(shelf: Shelf): void {
    if (shelf !== this.next || !this.needed(shelf).every((one) => shelf.pages.has(one))) return;
    // Where the same is shown again, what has come before it is known by how many there are.
    if (shelf.other || shelf.counting === "") this.show(shelf);
  }

  private show(shelf: Shelf): void {
    this.turned = shelf.other;
    this.shown = shelf;
    this.next = undefined;
    this.turn += 1;
    if (this.stale && this.refreshing === undefined) this.renew();
  }

  /** Let go of the pages farthest from the screen. */
  private trim(): void {
    const here = this.range[0] / PAGE;
    const far = [...this.shown.pages.keys()].sort((a, b) => Math.abs(b - here) - Math.abs(a - here));
    for (const page of far.slice(0, Math.max(0, far.length - KEPT))) this.shown.pages.delete(page);
  }
}

function shelfOf(view: GalleryView, other: boolean): Shelf {
  return { view, pages: new Map(), asked: new Set(), total: undefined, counting: "", other };
}
