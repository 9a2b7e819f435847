// The stills of the clips on screen: asked for a batch at a time, and kept while there is room.

import type { Posters } from "../../protocol.gen";
import { type Extras, refusalOf } from "../connection";
import { imageSource } from "../sources";

/** Stills in one message; the kernel takes no more. */
export const BATCH = 24;
/** Messages under way at once: the kernel decodes a video for each still that it has not drawn yet. */
const AT_ONCE = 2;
/** Stills that are kept: at about 8 kB each this is some megabytes. */
export const KEPT = 600;
/** Milliseconds for which requests gather, so that a screenful goes in few messages. */
export const GATHER_MS = 16;
/** Milliseconds after a refusal until those that are still wanted are asked for again; doubled each time. */
export const AGAIN_MS = 4000;
const AGAIN_AT_MOST_MS = 16_000;
/** Drawing the stills of clips that it sees for the first time takes the kernel a while. */
const DEADLINE_MS = 30_000;

/** Asks for the stills of some clips. */
export type AskPosters = (kind: "posters", payload: { clips: string[] }, extras?: Extras) => Promise<Posters>;

type Listener = (still: string) => void;

export class Stills {
  private readonly kept = new Map<string, string>();
  private readonly wanted = new Map<string, Set<Listener>>();
  private readonly asked = new Set<string>();
  private running = 0;
  private refusals = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly request: AskPosters,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(this.timer);
        this.wanted.clear();
        this.kept.clear();
      },
      { once: true },
    );
  }

  /** The still, if it is here already. */
  get(clip: string): string {
    return this.kept.get(clip) ?? "";
  }

  /** Have `listener` called with the clip's still; call what is returned when nobody looks any more. */
  want(clip: string, listener: Listener): () => void {
    const still = this.kept.get(clip);
    if (still !== undefined) {
      // The last to go is what was looked at last.
      this.kept.delete(clip);
      this.kept.set(clip, still);
      listener(still);
      return () => {};
    }
    const listeners = this.wanted.get(clip) ?? new Set();
    listeners.add(listener);
    this.wanted.set(clip, listeners);
    this.after(GATHER_MS);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.wanted.get(clip) === listeners) this.wanted.delete(clip);
    };
  }

  private after(milliseconds: number): void {
    if (this.timer !== undefined || this.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, milliseconds);
  }

  private send(): void {
    while (this.running < AT_ONCE) {
      const clips = [...this.wanted.keys()].filter((clip) => !this.asked.has(clip)).slice(0, BATCH);
      if (clips.length === 0) return;
      this.running += 1;
      for (const clip of clips) this.asked.add(clip);
      void this.fetch(clips);
    }
  }

  private async fetch(clips: string[]): Promise<void> {
    try {
      const { posters } = await this.request("posters", { clips }, { timeout: DEADLINE_MS });
      this.refusals = 0;
      const found = posters ?? {};
      for (const clip of clips) this.keep(clip, imageSource(found[clip] ?? ""));
    } catch (error) {
      refusalOf(error);
      // A tile without its still has its calm ground: no words for that, but another attempt.
      this.refusals += 1;
    } finally {
      this.running -= 1;
      for (const clip of clips) this.asked.delete(clip);
      const wait = Math.min(AGAIN_AT_MOST_MS, AGAIN_MS * 2 ** (this.refusals - 1));
      if (this.wanted.size > 0) this.after(this.refusals > 0 ? wait : 0);
    }
  }

  private keep(clip: string, still: string): void {
    // One that could not be drawn is asked for again when it next comes on screen.
    if (still !== "") this.kept.set(clip, still);
    for (const listener of this.wanted.get(clip) ?? []) listener(still);
    this.wanted.delete(clip);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) return;
      this.kept.delete(oldest);
    }
  }
}
