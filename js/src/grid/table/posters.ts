// The stills of the clips: asked for when a cell comes on screen, a few at a time, and kept.

import { imageSource } from "../../core/sources";

/** Requests under way at once: the kernel decodes a video for each. */
const AT_ONCE = 4;

export type Fetch = (cell: string, sample: number) => Promise<string>;

interface Waiting {
  cell: string;
  sample: number;
  show: (poster: string) => void;
}

export class Posters {
  private readonly kept = new Map<string, string>();
  private readonly queue = new Map<string, Waiting>();
  private running = 0;

  constructor(private readonly fetch: Fetch) {}

  /** The still, if it is here already. */
  get(url: string): string {
    return this.kept.get(url) ?? "";
  }

  /** Have `show` called with the clip's still; call what is returned when nobody looks any more. */
  ask(url: string, cell: string, sample: number, show: (poster: string) => void): () => void {
    const found = this.kept.get(url);
    if (found !== undefined) {
      show(found);
      return () => {};
    }
    this.queue.set(url, { cell, sample, show });
    this.next();
    return () => this.queue.delete(url);
  }

  private next(): void {
    const first = this.queue.entries().next();
    if (first.done || this.running >= AT_ONCE) return;
    const [url, { cell, sample, show }] = first.value;
    this.queue.delete(url);
    this.running += 1;
    this.fetch(cell, sample)
      .then((poster) => {
        const image = imageSource(poster);
        this.kept.set(url, image);
        show(image);
      })
      // Without its still a cell has its calm ground; it is asked for again when it next comes on screen.
      .catch(() => {})
      .finally(() => {
        this.running -= 1;
        this.next();
      });
    this.next();
  }
}
