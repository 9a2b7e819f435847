// Where a `<video>` gets a clip from: the server's address where that works, else its bytes through the kernel.

import type { Item, VideoPiece } from "../../protocol.gen";
import { type Extras, RequestError, refusalOf } from "../connection";
import { videoSource } from "../sources";

/** Clips whose bytes are kept though nobody shows them, and how many bytes that may be. */
export const SPARE = 8;
const SPARE_BYTES = 192e6;
/** Addresses that must have failed, while the bytes came, until the others are not tried any more. */
const FAILED = 2;
/** A busy kernel may let a piece of a clip wait. */
const DEADLINE_MS = 30_000;

/** Asks for a piece of a clip's file, from this byte on. */
export type AskPiece = (
  kind: "video",
  payload: { clip: string; offset: number },
  extras?: Extras,
) => Promise<VideoPiece & { buffers?: DataView[] }>;

/** How a clip's bytes are coming: `url` once all are here, `failed` in words. */
export interface Fetched {
  url: string;
  /** Percent of the bytes that are here. */
  percent: number;
  failed: string;
}

export const NOTHING: Fetched = { url: "", percent: 0, failed: "" };

interface Kept {
  now: Fetched;
  size: number;
  /** What is here of it, from its beginning. */
  pieces: Blob[];
  listeners: Set<(fetched: Fetched) => void>;
}

export class Sources {
  private readonly kept = new Map<string, Kept>();
  private readonly failed = new Set<string>();
  private serves = false;

  /** `secret` says where the server has a clip of which no address may be seen: its bytes are taken from there if they can. */
  constructor(
    private readonly request: AskPiece,
    private readonly signal: AbortSignal,
    private readonly secret: (clip: string) => string = () => "",
  ) {
    signal.addEventListener(
      "abort",
      () => {
        for (const clip of [...this.kept.keys()]) this.drop(clip);
      },
      { once: true },
    );
  }

  /** The address to try for a clip; empty where only its bytes are left. */
  addressOf(clip: Pick<Item, "key" | "url">): string {
    const hopeless = !this.serves && this.failed.size >= FAILED;
    return hopeless || this.failed.has(clip.key) ? "" : videoSource(clip.url);
  }

  /** A clip came from its address. */
  noteServed(): void {
    this.serves = true;
  }

  /** A clip did not come from its address. */
  noteFailed(clip: string): void {
    this.failed.add(clip);
  }

  /** Fetch a clip's bytes, and have `listener` called with how far they are; call what is returned to let go of them. */
  hold(clip: string, listener: (fetched: Fetched) => void): () => void {
    let kept = this.kept.get(clip);
    if (kept === undefined) {
      kept = { now: NOTHING, size: 0, pieces: [], listeners: new Set() };
      if (!this.signal.aborted) {
        this.kept.set(clip, kept);
        void this.fetch(clip, kept);
      }
    } else {
      this.kept.delete(clip);
      this.kept.set(clip, kept);
    }
    const mine = kept;
    mine.listeners.add(listener);
    listener(mine.now);
    return () => {
      if (!mine.listeners.delete(listener) || mine.listeners.size > 0 || this.kept.get(clip) !== mine) return;
      // What is not here yet need not come, and what failed is asked for again the next time.
      if (mine.now.url === "") this.drop(clip);
      else this.trim();
    };
  }

  /** Go on with a clip that has failed, from where it broke off. */
  again(clip: string): void {
    const kept = this.kept.get(clip);
    if (!kept?.now.failed) return;
    this.report(kept, { ...kept.now, failed: "" });
    void this.fetch(clip, kept);
  }

  /** Object URLs that are not yet revoked. */
  get open(): number {
    return [...this.kept.values()].filter(({ now }) => now.url !== "").length;
  }

  private async fetch(clip: string, kept: Kept): Promise<void> {
    const wanted = () => this.kept.get(clip) === kept;
    const served = await this.fetchServed(clip);
    if (!wanted()) return;
    if (served !== undefined) return this.finish(kept, served);
    const { pieces } = kept;
    try {
      let offset = pieces.reduce((sum, { size }) => sum + size, 0);
      for (let size = offset + 1; offset < size; ) {
        const answer = await this.request("video", { clip, offset }, { timeout: DEADLINE_MS });
        if (!wanted()) return;
        const { next } = answer;
        size = answer.size;
        if (!(next > offset)) {
          pieces.length = 0;
          throw new RequestError("empty", "The clip's file came to an end too soon.", "");
        }
        // A blob at once: the browser may keep it off the page's memory.
        for (const { buffer, byteOffset, byteLength } of answer.buffers ?? []) {
          pieces.push(new Blob([new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)]));
        }
        offset = next;
        kept.size = size;
        this.report(kept, { ...NOTHING, percent: Math.floor((100 * offset) / size) });
      }
    } catch (error) {
      const { text } = refusalOf(error);
      if (wanted()) this.report(kept, { ...kept.now, failed: text });
      return;
    }
    this.finish(kept, new Blob(pieces, { type: "video/mp4" }));
  }

  private async fetchServed(clip: string): Promise<Blob | undefined> {
    const address = videoSource(this.secret(clip));
    if (address === "") return undefined;
    try {
      const answer = await fetch(address, { signal: this.signal });
      const blob = answer.ok ? await answer.blob() : undefined;
      // A page to log in to is none.
      return blob?.type.startsWith("video/") ? blob : undefined;
    } catch {
      // Not reached: its bytes come through the kernel.
      return undefined;
    }
  }

  private finish(kept: Kept, whole: Blob): void {
    kept.size = whole.size;
    this.report(kept, { url: URL.createObjectURL(whole), percent: 100, failed: "" });
    this.trim();
  }

  private report(kept: Kept, now: Fetched): void {
    kept.now = now;
    for (const listener of [...kept.listeners]) listener(now);
  }

  private trim(): void {
    const spare = [...this.kept].filter(([, { listeners, now }]) => listeners.size === 0 && now.url !== "");
    let [count, bytes] = [spare.length, spare.reduce((sum, [, { size }]) => sum + size, 0)];
    for (const [clip, { size }] of spare) {
      if (count <= SPARE && bytes <= SPARE_BYTES) return;
      this.drop(clip);
      count -= 1;
      bytes -= size;
    }
  }

  private drop(clip: string): void {
    const url = this.kept.get(clip)?.now.url ?? "";
    if (url !== "") URL.revokeObjectURL(url);
    this.kept.delete(clip);
  }
}
