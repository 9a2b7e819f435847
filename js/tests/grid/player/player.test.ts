import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BEAT_MS, Player, QUIET_MS, SCROLLED } from "../../../src/grid/player/player";
import { fakeVideos } from "../video";

let controller: AbortController;
let player: Player;

beforeEach(() => {
  vi.useFakeTimers();
  fakeVideos();
  controller = new AbortController();
  player = new Player(controller.signal);
});

afterEach(() => {
  controller.abort();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function video(id: string, length?: number): HTMLVideoElement {
  const element = document.createElement("video");
  if (length !== undefined) element.dataset["duration"] = String(length);
  player.add(id, element);
  return element;
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const apart = (...videos: HTMLVideoElement[]) => {
  const times = videos.map((one) => one.currentTime);
  return Math.max(...times) - Math.min(...times);
};

describe("playing", () => {
  it("keeps twelve videos together that began apart", async () => {
    const videos = Array.from({ length: 12 }, (_, i) => video(String(i)));
    player.play();
    await pass(400);
    for (const [i, one] of videos.entries()) one.currentTime = 1 + i * 0.05;
    await pass(3000);
    expect(apart(...videos)).toBeLessThan(0.045);
    expect(videos.every((one) => !one.paused)).toBe(true);
    expect(videos[0]?.currentTime).toBeCloseTo(player.position, 1);
  });

  it("takes in one that comes on screen while the others play", async () => {
    const first = video("a");
    player.play();
    await pass(3000);
    const late = video("b");
    await pass(1500);
    expect(late.paused).toBe(false);
    expect(apart(first, late)).toBeLessThan(0.045);
  });

  it("waits until all are ready, and starts in the end without one that never is", async () => {
    const [ready, stuck] = [video("a"), video("b")];
    Object.defineProperty(stuck, "readyState", { value: 1 });
    player.play();
    await pass(1000);
    expect([player.playing, ready.paused]).toEqual([true, true]);
    await pass(2000);
    expect(ready.paused).toBe(false);
  });

  it("lets many rest while the page scrolls, and go on from there together", async () => {
    const videos = Array.from({ length: SCROLLED + 1 }, (_, i) => video(String(i)));
    player.play();
    await pass(2000);
    player.scrolled();
    const before = player.position;
    expect(videos.every((one) => one.paused)).toBe(true);
    expect(player.playing).toBe(true);
    for (let i = 0; i < 10; i++) {
      await pass(QUIET_MS - 1);
      expect([player.position, videos[0]?.paused]).toEqual([before, true]);
      player.scrolled();
    }
    await pass(QUIET_MS + 2 * BEAT_MS);
    expect(videos.every((one) => !one.paused)).toBe(true);
    expect(apart(...videos)).toBeLessThan(0.045);
    expect(player.position).toBeCloseTo(before, 0);
  });

  it("plays a few on while the page scrolls, and starts none that were paused", async () => {
    const few = Array.from({ length: SCROLLED }, (_, i) => video(String(i)));
    player.play();
    await pass(2000);
    player.scrolled();
    expect(few.every((one) => !one.paused)).toBe(true);
    player.pause();
    video("one more");
    player.scrolled();
    await pass(2000);
    expect([player.playing, few[0]?.paused]).toEqual([false, true]);
  });

  it("comes round together", async () => {
    const videos = [video("a"), video("b")];
    player.play();
    await pass(9500);
    expect(player.position).toBeLessThan(2);
    expect(apart(...videos)).toBeLessThan(0.045);
  });

  it("lets a shorter clip wait at its end and come round with the others", async () => {
    const [long, short] = [video("a"), video("b", 4)];
    player.play();
    await pass(6000);
    expect([long.paused, short.paused]).toEqual([false, true]);
    await pass(4500);
    expect(short.paused).toBe(false);
    expect(apart(long, short)).toBeLessThan(0.1);
  });

  it("stops at the end without the loop, and starts again from there", async () => {
    const one = video("a");
    player.toggleLoop();
    player.play();
    await pass(9000);
    expect([player.playing, player.position]).toEqual([false, 8]);
    player.play();
    await pass(1000);
    expect(one.currentTime).toBeLessThan(2);
  });

  it("goes at the speed that is chosen", async () => {
    const one = video("a");
    player.setSpeed(2);
    player.play();
    await pass(2200);
    expect(one.currentTime).toBeGreaterThan(3.5);
  });
});

describe("standing", () => {
  it("puts all on the same frame when it is paused", async () => {
    const videos = [video("a"), video("b")];
    player.play();
    await pass(1000);
    player.pause();
    await pass(100);
    expect(apart(...videos)).toBe(0);
    expect(videos.every((one) => one.paused)).toBe(true);
  });

  it("moves all with the scrubber, to the newest place while they still seek", async () => {
    const videos = [video("a"), video("b")];
    player.seek(1);
    player.seek(2);
    player.seek(5);
    await pass(100);
    expect(videos.map((one) => one.currentTime)).toEqual([5, 5]);
  });

  it("steps all by a frame", async () => {
    const one = video("a");
    player.step(1, 24);
    await pass(50);
    expect(one.currentTime).toBeCloseTo(1.5 / 24);
    player.step(-1, 24);
    await pass(50);
    expect(one.currentTime).toBeCloseTo(0.5 / 24);
  });
});

describe("sound", () => {
  it("is of no clip until one is chosen, and then of that one alone", () => {
    const [one, other] = [video("a"), video("b")];
    expect([one.muted, other.muted]).toEqual([true, true]);
    player.hear("b");
    expect([one.muted, other.muted]).toEqual([true, false]);
    player.hear("");
    expect(other.muted).toBe(true);
  });
});

describe("what it leaves behind", () => {
  it("is nothing: no timer, no video, no listener", async () => {
    const audible = vi.fn();
    player.subscribe(audible);
    const one = video("a");
    player.play();
    await pass(BEAT_MS * 4);
    controller.abort();
    audible.mockClear();
    expect([player.size, one.paused, vi.getTimerCount()]).toEqual([0, true, 0]);
    player.seek(1);
    expect(audible).not.toHaveBeenCalled();
  });

  it("is not even a beat while it stands", () => {
    video("a");
    player.play();
    player.pause();
    expect(vi.getTimerCount()).toBe(0);
  });
});
