import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KernelClock, Ticker } from "../../src/core/clock";

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the kernel's clock", () => {
  it("is the browser's own until the kernel says otherwise", () => {
    expect(new KernelClock().now()).toBe(1000);
  });

  it("corrects a browser that goes wrong", async () => {
    const clock = new KernelClock();
    await clock.synchronize(async () => ({ now: 1300 }));
    vi.advanceTimersByTime(2000);
    expect(clock.now()).toBe(1302);
  });

  it("takes less than a second for the way of the message", async () => {
    const clock = new KernelClock();
    await clock.synchronize(async () => ({ now: 999.2 }));
    expect(clock.now()).toBe(1000);
  });

  it("does not believe an answer that is no time", async () => {
    const clock = new KernelClock();
    await clock.synchronize(async () => ({ now: "noon" }));
    expect(clock.now()).toBe(1000);
  });
});

describe("the ticker", () => {
  const hide = (hidden: boolean) => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
    document.dispatchEvent(new Event("visibilitychange"));
  };

  it("beats once a second for all, with one timer", () => {
    const ticker = new Ticker();
    const [a, b] = [vi.fn(), vi.fn()];
    const stops = [ticker.subscribe(a), ticker.subscribe(b)];
    expect(vi.getTimerCount()).toBe(1);
    a.mockClear();
    b.mockClear();
    vi.advanceTimersByTime(3000);
    expect([a.mock.calls.length, b.mock.calls.length]).toEqual([3, 3]);
    for (const stop of stops) stop();
  });

  it("rests when the last one has left, and hears the page no more", () => {
    const ticker = new Ticker();
    const removed = vi.spyOn(document, "removeEventListener");
    const added = vi.spyOn(document, "addEventListener");
    const [a, b] = [ticker.subscribe(vi.fn()), ticker.subscribe(vi.fn())];
    a();
    a();
    expect(vi.getTimerCount()).toBe(1);
    b();
    expect(vi.getTimerCount()).toBe(0);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1]);
  });

  it("rests while nobody looks, and shows the present at once when they look again", () => {
    const listener = vi.fn();
    const stop = new Ticker().subscribe(listener);
    hide(true);
    expect(vi.getTimerCount()).toBe(0);
    listener.mockClear();
    hide(false);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(1);
    stop();
  });

  it("is one for the page, though every model loads this code anew", async () => {
    const first = (await import("../../src/core/clock")).sharedTicker();
    vi.resetModules();
    const second = (await import("../../src/core/clock")).sharedTicker();
    expect(second).toBe(first);
  });
});
