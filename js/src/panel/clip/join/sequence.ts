// Plays the pieces one after another as if they were one clip: while one is on, the next waits at its first frame.

import { find, type JoinPart, offsetOf, totalOf } from "./pieces";

/** Milliseconds between two looks: less than a frame. */
export const BEAT_MS = 20;
/** Seconds before a piece's end at which the next takes over: what a beat and a start cost. */
const EARLY = 0.015;

export class Sequence {
  readonly engaged = true;
  playing = false;
  muted = false;
  /** Which piece is on. */
  index = 0;
  private parts: readonly JoinPart[] = [];
  private readonly videos = new Map<string, HTMLVideoElement>();
  /** The second that a piece's video is to go to when it is there. */
  private readonly wanted = new Map<string, number>();
  private readonly sought = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get state(): { duration: number } {
    return { duration: totalOf(this.parts) };
  }

  get position(): number {
    const part = this.parts[this.index];
    if (part === undefined) return 0;
    const time = this.wanted.get(part.id) ?? this.videos.get(part.id)?.currentTime ?? part.start;
    return offsetOf(this.parts, this.index) + Math.min(Math.max(time, part.start), part.end) - part.start;
  }

  /** Other pieces, or the same ones otherwise: what is on stays on where it can. */
  setParts(parts: readonly JoinPart[]): void {
    const on = this.parts[this.index]?.id;
    this.parts = parts;
    const again = parts.findIndex(({ id }) => id === on);
    this.index = Math.max(0, again >= 0 ? again : Math.min(this.index, parts.length - 1));
    for (const [place, part] of parts.entries()) {
      const video = this.videos.get(part.id);
      if (video === undefined) continue;
      const outside = video.currentTime < part.start || video.currentTime > part.end;
      if (place !== this.index || outside) this.place(part, part.start);
    }
    if (parts.length === 0) this.pause();
    this.notify();
  }

  /** The video of a piece, until what is returned is called. */
  add(part: JoinPart, video: HTMLVideoElement): () => void {
    this.videos.set(part.id, video);
    video.muted = this.muted;
    const known = () => this.settle(part.id);
    video.addEventListener("loadedmetadata", known);
    video.addEventListener("seeked", known);
    if (!this.wanted.has(part.id)) this.wanted.set(part.id, part.start);
    known();
    if (this.playing && this.parts[this.index]?.id === part.id) this.start();
    return () => {
      video.removeEventListener("loadedmetadata", known);
      video.removeEventListener("seeked", known);
      this.videos.delete(part.id);
      this.wanted.delete(part.id);
      this.sought.delete(part.id);
      video.pause();
    };
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  play(): void {
    if (this.parts.length === 0) return;
    if (this.position >= this.state.duration - EARLY * 2) this.seek(0);
    this.playing = true;
    this.timer ??= setInterval(this.beat, BEAT_MS);
    this.start();
    this.notify();
  }

  pause(): void {
    this.playing = false;
    clearInterval(this.timer);
    this.timer = undefined;
    for (const video of this.videos.values()) video.pause();
    this.notify();
  }

  seek(position: number): void {
    const { index, seconds } = find(this.parts, position);
    const part = this.parts[index];
    if (part === undefined) return;
    for (const [id, video] of this.videos) if (id !== part.id) video.pause();
    this.index = index;
    this.place(part, seconds);
    this.readyNext();
    if (this.playing) this.start();
    this.notify();
  }

  /** Stand still at a second of one piece's clip: what its handle is at. */
  look(id: string, seconds: number): void {
    const index = this.parts.findIndex((part) => part.id === id);
    const part = this.parts[index];
    if (part === undefined) return;
    this.pause();
    this.index = index;
    // The end itself is no longer part of it.
    this.place(part, Math.min(Math.max(seconds, part.start), part.end - 0.02));
    this.notify();
  }

  mute(): void {
    this.muted = !this.muted;
    for (const video of this.videos.values()) video.muted = this.muted;
    this.notify();
  }

  end(): void {
    this.pause();
    this.listeners.clear();
  }

  private readonly beat = () => {
    const part = this.parts[this.index];
    const video = part && this.videos.get(part.id);
    if (part === undefined || video === undefined) return;
    const over = !this.wanted.has(part.id) && (video.ended || video.currentTime >= part.end - EARLY);
    if (over && this.index + 1 >= this.parts.length) this.pause();
    else if (over) {
      this.index += 1;
      this.start();
      this.notify();
    } else this.notify();
  };

  private start(): void {
    const part = this.parts[this.index];
    const video = part && this.videos.get(part.id);
    // Refused where the page may not play with sound yet: then it is not playing.
    video?.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.pause();
    });
  }

  /** The one after what is on waits at its first frame. */
  private readyNext(): void {
    const next = this.parts[this.index + 1];
    if (next !== undefined) this.place(next, next.start);
  }

  private place(part: JoinPart, seconds: number): void {
    this.wanted.set(part.id, seconds);
    this.settle(part.id);
  }

  /** Go where it is wanted once it can; while it is seeking the newest target waits for its end. */
  private settle(id: string): void {
    const [video, target] = [this.videos.get(id), this.wanted.get(id)];
    if (video === undefined || target === undefined || video.readyState < 1 || video.seeking) return;
    const at = Number.isFinite(video.duration) ? Math.min(target, video.duration) : target;
    // What it was sent to counts as reached: a browser may stand a little beside it.
    if (Math.abs(video.currentTime - at) <= 0.001 || this.sought.get(id) === target) {
      this.wanted.delete(id);
      this.sought.delete(id);
    } else {
      this.sought.set(id, target);
      video.currentTime = at;
    }
    this.notify();
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
