// Videos that play by the test's clock, since happy-dom's do not play at all; observers that the test drives.

import { vi } from "vitest";

/** Gives every `<video>` of the page a length, a time that moves while it plays, and seeks that take a while. */
export function fakeVideos({ duration = 8, seekMs = 40 } = {}): void {
  const proto = HTMLVideoElement.prototype;
  const inner = new WeakMap<
    HTMLVideoElement,
    { time: number; at: number; rate: number; paused: boolean; seeking: boolean }
  >();
  const of = (video: HTMLVideoElement) => {
    let state = inner.get(video);
    if (state === undefined) {
      state = { time: 0, at: 0, rate: 1, paused: true, seeking: false };
      inner.set(video, state);
    }
    return state;
  };
  const length = (video: HTMLVideoElement) => Number(video.dataset["duration"] ?? duration);
  const now = () => performance.now();
  const read = (video: HTMLVideoElement) => {
    const it = of(video);
    if (it.paused || it.seeking) return it.time;
    const time = it.time + ((now() - it.at) / 1000) * it.rate;
    return video.loop ? time % length(video) : Math.min(time, length(video));
  };
  const settle = (video: HTMLVideoElement) => {
    const it = of(video);
    it.time = read(video);
    it.at = now();
  };
  const define = (
    name: string,
    get: (this: HTMLVideoElement) => unknown,
    set?: (this: HTMLVideoElement, v: never) => void,
  ) =>
    vi.spyOn(proto, name as never, "get").mockImplementation(get as never) &&
    (set ? vi.spyOn(proto, name as never, "set").mockImplementation(set as never) : undefined);
  for (const name of [
    "duration",
    "readyState",
    "seeking",
    "paused",
    "ended",
    "currentTime",
    "playbackRate",
    "error",
  ]) {
    Object.defineProperty(proto, name, { configurable: true, get: () => undefined, set: () => {} });
  }
  define("duration", function () {
    return length(this);
  });
  define("readyState", () => 4);
  define("error", () => null);
  define("seeking", function () {
    return of(this).seeking;
  });
  define("paused", function () {
    return of(this).paused;
  });
  define("ended", function () {
    return !this.loop && read(this) >= length(this);
  });
  define(
    "playbackRate",
    function () {
      return of(this).rate;
    },
    function (rate) {
      settle(this);
      of(this).rate = rate;
    },
  );
  define(
    "currentTime",
    function () {
      return read(this);
    },
    function (time) {
      const it = of(this);
      it.time = time;
      it.seeking = true;
      setTimeout(() => {
        it.seeking = false;
        it.at = now();
        this.dispatchEvent(new Event("seeked"));
      }, seekMs);
    },
  );
  vi.spyOn(proto, "play").mockImplementation(function (this: HTMLVideoElement) {
    if (of(this).paused) of(this).at = now();
    of(this).paused = false;
    return Promise.resolve();
  });
  vi.spyOn(proto, "pause").mockImplementation(function (this: HTMLVideoElement) {
    settle(this);
    of(this).paused = true;
  });
  vi.spyOn(proto, "load").mockImplementation(() => {});
}

/** Stands in for the page's IntersectionObserver: what is on screen is what the test says. */
export class FakeSight {
  static all: FakeSight[] = [];
  readonly watched = new Set<Element>();
  constructor(
    private readonly report: (entries: unknown[]) => void,
    private readonly options: { rootMargin: string },
  ) {
    FakeSight.all.push(this);
  }
  observe(element: Element): void {
    this.watched.add(element);
  }
  unobserve(element: Element): void {
    this.watched.delete(element);
  }
  disconnect(): void {
    this.watched.clear();
  }
  /** Scroll so that these of the elements watched are on screen, and no others; `margin` is how far outside counts. */
  static see(wanted: (element: Element, margin: string) => boolean): void {
    for (const one of FakeSight.all) {
      const { rootMargin } = one.options;
      one.report([...one.watched].map((target) => ({ target, isIntersecting: wanted(target, rootMargin) })));
    }
  }
  static install(): void {
    FakeSight.all = [];
    vi.stubGlobal("IntersectionObserver", FakeSight);
  }
}
