// Plays many videos in step with one clock. The reckoning is in sync.ts; here the elements are moved.

import type { Intent } from "../keys";
import {
  AT_START,
  change,
  correct,
  drift,
  isOver,
  moveTo,
  positionAt,
  stepFrames,
  type Transport,
  yieldTo,
} from "./sync";

/** Milliseconds between two looks at the videos. */
export const BEAT_MS = 50;
/** Milliseconds to wait for all to be ready before the clock starts without the rest. */
const READY_MS = 2500;
/** Milliseconds that a video is left alone after a seek. */
const SETTLE_MS = 600;
/** Milliseconds in which one that came late catches up by itself; after that the others wait for it. */
const CATCH_UP_MS = 2000;
/** Milliseconds for which all wait for one that has run out of data. */
const DEADLINE_MS = 1500;
/** Seconds of drift within which a video counts as in step. */
const IN_STEP = 0.1;
const HAVE_FUTURE_DATA = 3;
/** Up to so many videos play on while the page scrolls; with more of them its frames come late. */
export const SCROLLED = 16;
/** Milliseconds without scrolling after which they go on. */
export const QUIET_MS = 200;

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2] as const;

interface Played {
  id: string;
  soughtAt: number;
  /** Since when it is to be in step. */
  since: number;
  /** Whether the others wait for it. */
  inStep: boolean;
  /** When it was last able to play on. */
  readyAt: number;
  /** Whether it was stopped for the clock to come. */
  waits: boolean;
}

export class Player {
  private transport: Transport = AT_START;
  private readonly videos = new Map<HTMLVideoElement, Played>();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private armedAt: number | undefined;
  /** When the page was last scrolled. */
  private scrolledAt = Number.NEGATIVE_INFINITY;
  /** Where the clock was at the last beat. */
  private last = 0;
  /** How long seeks take here, in seconds: a seek aims that much ahead. */
  private seekCost = 0.05;
  /** Whether anything has been played or moved yet: before, cells show their stills alone. */
  engaged = false;
  /** The clip whose sound is on; empty for silence. */
  audible = "";

  constructor(
    signal: AbortSignal,
    private readonly now: () => number = () => performance.now(),
  ) {
    signal.addEventListener("abort", () => this.end(), { once: true });
  }

  get playing(): boolean {
    return this.transport.playing || this.armedAt !== undefined;
  }

  get position(): number {
    return positionAt(this.transport, this.now());
  }

  get state(): Readonly<Transport> {
    return this.transport;
  }

  /** How many videos it moves. */
  get size(): number {
    return this.videos.size;
  }

  /** Have `listener` called at each beat and change. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Keep this video in step until what is returned is called. Several may show the same clip. */
  add(id: string, video: HTMLVideoElement): () => void {
    this.videos.set(video, {
      id,
      soughtAt: Number.NEGATIVE_INFINITY,
      since: this.now(),
      inStep: false,
      readyAt: this.now(),
      waits: false,
    });
    video.muted = this.audible !== id;
    this.learnLength();
    const known = () => {
      this.learnLength();
      if (this.transport.playing) this.align(video);
      else this.place(video);
    };
    if (video.readyState >= 1) known();
    else video.addEventListener("loadedmetadata", known, { once: true });
    return () => {
      video.removeEventListener("loadedmetadata", known);
      this.videos.delete(video);
      video.pause();
    };
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Start when all on screen can start together. */
  play(): void {
    this.engaged = true;
    const over = !this.transport.loop && this.position >= this.transport.duration;
    if (over) this.transport = moveTo(this.transport, this.now(), 0);
    for (const video of this.videos.keys()) this.place(video);
    this.armedAt = this.now();
    this.timer ??= setInterval(this.beat, BEAT_MS);
    this.notify();
  }

  pause(): void {
    this.armedAt = undefined;
    this.transport = change(this.transport, this.now(), { playing: false });
    this.rest();
    // Stopped each at its own moment, they would show different frames.
    for (const video of this.videos.keys()) {
      video.pause();
      this.place(video);
    }
    this.notify();
  }

  seek(position: number): void {
    this.engaged = true;
    this.transport = moveTo(this.transport, this.now(), position);
    this.last = this.position;
    for (const [video, played] of this.videos) {
      Object.assign(played, { inStep: false, since: this.now() });
      this.place(video);
    }
    this.notify();
  }

  skip(seconds: number): void {
    this.seek(this.position + seconds);
  }

  step(frames: number, fps: number): void {
    if (this.playing) this.pause();
    this.seek(stepFrames(this.position, frames, fps > 0 ? fps : 24, this.transport.duration));
  }

  setSpeed(speed: number): void {
    this.transport = change(this.transport, this.now(), { speed });
    this.notify();
  }

  toggleLoop(): void {
    this.transport = change(this.transport, this.now(), { loop: !this.transport.loop });
    this.notify();
  }

  /** Let one clip be heard, or none. */
  hear(id: string): void {
    this.audible = id;
    for (const [video, played] of this.videos) video.muted = played.id !== id;
    this.notify();
  }

  private readonly beat = () => {
    if (this.armedAt !== undefined) this.startWhenReady();
    if (!this.transport.playing) {
      this.notify();
      return;
    }
    if (isOver(this.transport, this.now())) {
      this.pause();
      return;
    }
    if (this.hasComeRound()) {
      this.startAgain();
      return;
    }
    this.pace();
    for (const video of this.videos.keys()) this.align(video);
    this.notify();
  };

  private hasComeRound(): boolean {
    return this.position < this.last - this.transport.duration / 2;
  }

  /** All from the start together. Each looping by itself would be there at its own moment. */
  private startAgain(): void {
    this.stopAt(0);
    for (const video of this.videos.keys()) this.place(video);
    this.notify();
  }

  /** The page scrolls: many videos, and their clock, stand still meanwhile and go on together. */
  scrolled(): void {
    if (!this.playing || this.videos.size <= SCROLLED) return;
    this.scrolledAt = this.now();
    // Near enough to each other: a seek of each would cost more than the scrolling.
    if (this.transport.playing) this.stopAt(this.position);
    else this.armedAt = this.now();
  }

  /** Stop there and start again when all are ready. */
  private stopAt(position: number): void {
    this.transport = { ...this.transport, playing: false, position, at: this.now() };
    this.last = position;
    this.armedAt = this.now();
    for (const video of this.videos.keys()) video.pause();
  }

  /** Hold the clock for those that were in step and can't go on, or are slower than it. */
  private pace(): void {
    const now = this.now();
    const leading = [];
    let stalled = false;
    for (const [video, played] of this.videos) {
      const seen = { time: video.currentTime, duration: video.duration };
      if (isReady(video)) {
        played.readyAt = now;
        const close = Math.abs(drift(this.transport, now, seen) ?? 0) < IN_STEP;
        played.inStep ||= close || now - played.since > CATCH_UP_MS;
      } else if (now - played.readyAt > DEADLINE_MS) {
        played.inStep = false;
        played.since = now;
      }
      if (!played.inStep || video.ended) continue;
      if (isReady(video)) leading.push(seen);
      else stalled = true;
    }
    if (stalled) this.transport = { ...this.transport, position: this.last, at: now };
    this.transport = yieldTo(this.transport, now, leading);
    this.last = positionAt(this.transport, now);
  }

  private startWhenReady(): void {
    if (this.now() - this.scrolledAt < QUIET_MS) return;
    const ready = [...this.videos.keys()].every((video) => video.error !== null || isReady(video));
    const since = this.now() - (this.armedAt ?? 0);
    // One beat at least, in which cells that are on screen put in their videos.
    if (since < BEAT_MS || (!ready && since < READY_MS) || (this.videos.size === 0 && since < READY_MS))
      return;
    this.armedAt = undefined;
    this.transport = change(this.transport, this.now(), { playing: true });
    this.last = this.position;
    for (const [video, played] of this.videos) {
      Object.assign(played, { inStep: isReady(video), since: this.now(), readyAt: this.now(), waits: false });
    }
  }

  /** Bring a video nearer to the running clock. */
  private align(video: HTMLVideoElement): void {
    const played = this.videos.get(video);
    if (played === undefined || video.seeking || video.readyState < 1) return;
    const now = this.now();
    const { speed } = this.transport;
    const what = correct(this.transport, now, {
      time: video.currentTime,
      duration: video.duration,
      waits: played.waits,
    });
    played.waits = what.kind === "wait";
    if (what.kind === "wait") {
      if (!video.paused) video.pause();
      return;
    }
    if (what.kind === "rate") {
      if (video.playbackRate !== what.rate) video.playbackRate = what.rate;
    } else if (now - played.soughtAt > SETTLE_MS) {
      Object.assign(played, { soughtAt: now, since: now, inStep: false });
      video.playbackRate = speed;
      video.currentTime = what.to + this.seekCost * speed;
      video.addEventListener("seeked", () => this.learnCost(now), { once: true });
    }
    // Refused where the page may not play or the element has just left it; the next beat tries again.
    if (video.paused && !(video.ended && what.kind === "rate")) video.play().catch(() => {});
  }

  /** Put a video where the standing clock is. While it is seeking the newest target waits for its end. */
  private place(video: HTMLVideoElement): void {
    if (video.readyState < 1) return;
    if (video.seeking) {
      video.addEventListener("seeked", () => this.videos.has(video) && this.place(video), { once: true });
      return;
    }
    const target = Math.min(this.position, Math.max(0, (video.duration || 0) - 0.001));
    if (Math.abs(video.currentTime - target) > 0.001) video.currentTime = target;
  }

  private learnLength(): void {
    const lengths = [...this.videos.keys()].map((video) => video.duration).filter(Number.isFinite);
    const duration = Math.max(this.transport.duration, ...lengths);
    if (duration !== this.transport.duration) {
      this.transport = change(this.transport, this.now(), { duration });
      this.notify();
    }
  }

  private learnCost(since: number): void {
    const took = Math.min(0.5, (this.now() - since) / 1000);
    this.seekCost = 0.7 * this.seekCost + 0.3 * took;
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private end(): void {
    this.rest();
    this.armedAt = undefined;
    for (const video of this.videos.keys()) video.pause();
    this.videos.clear();
    this.listeners.clear();
  }
}

function isReady(video: HTMLVideoElement): boolean {
  return video.readyState >= HAVE_FUTURE_DATA && !video.seeking;
}

/** What a key does to what is played, and has read out; whether it was such a key. */
export function playBy(
  player: Player,
  intent: Intent,
  fps: number,
  say: (text: string, unseen: boolean) => void,
): boolean {
  if (intent.kind === "play") {
    player.toggle();
    say(player.playing ? "Playing" : "Paused", true);
  } else if (intent.kind === "step") player.step(intent.frames, fps);
  else if (intent.kind === "skip") player.skip(intent.seconds);
  else if (intent.kind === "start") player.seek(0);
  else if (intent.kind === "loop") {
    player.toggleLoop();
    say(player.state.loop ? "Loop is on" : "Loop is off", true);
  } else return false;
  return true;
}
