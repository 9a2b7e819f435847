import { describe, expect, it, test } from "vitest";
import {
  AHEAD,
  AT_START,
  CLOSE,
  change,
  correct,
  FAR,
  formatPosition,
  isOver,
  LEAD,
  moveTo,
  positionAt,
  stepFrames,
  type Transport,
  yieldTo,
} from "../../../src/grid/player/sync";

const playing = (changes: Partial<Transport> = {}): Transport => ({
  ...AT_START,
  playing: true,
  duration: 8,
  ...changes,
});

describe("the clock", () => {
  it("stands until it plays, then goes at its speed", () => {
    expect(positionAt({ ...AT_START, position: 3 }, 99_000)).toBe(3);
    expect(positionAt(playing(), 2000)).toBe(2);
    expect(positionAt(playing({ speed: 0.5 }), 2000)).toBe(1);
  });

  it("comes round when it loops, and else stops at the end", () => {
    expect(positionAt(playing(), 17_000)).toBe(1);
    const once = playing({ loop: false });
    expect(positionAt(once, 17_000)).toBe(8);
    expect([isOver(once, 7999), isOver(once, 8000), isOver(playing(), 8000)]).toEqual([false, true, false]);
  });

  it("goes on from where it is when something changes", () => {
    const faster = change(playing(), 2000, { speed: 2 });
    expect(positionAt(faster, 2000)).toBe(2);
    expect(positionAt(faster, 3000)).toBe(4);
  });

  it("does not leave the clips", () => {
    expect(moveTo(playing(), 0, -1).position).toBe(0);
    expect(moveTo(playing(), 0, 99).position).toBe(8);
  });
});

describe("a video that should be where the clock is", () => {
  const at = (time: number, changes: Partial<Transport> = {}, waits = false) =>
    correct(playing({ position: 4, ...changes }), 0, { time, duration: 8, waits });

  it("goes on as it is when it is close", () => {
    expect(at(4 - CLOSE / 2)).toEqual({ kind: "rate", rate: 1 });
  });

  it("hurries when it is behind and dawdles when it is a little ahead, the more the farther", () => {
    const [little, much, ahead] = [at(3.95), at(3.9), at(4.04)];
    if (little.kind !== "rate" || much.kind !== "rate" || ahead.kind !== "rate") throw new Error("no rates");
    expect(little.rate).toBeGreaterThan(1);
    expect(much.rate).toBeGreaterThan(little.rate);
    expect(ahead.rate).toBeLessThan(1);
    expect(at(4 - FAR + 0.001)).toEqual({ kind: "rate", rate: 1.3 });
  });

  it("stands still when it is clearly ahead, until the clock is there", () => {
    expect(at(4 + AHEAD + 0.01)).toEqual({ kind: "wait" });
    expect(at(4.01, {}, true)).toEqual({ kind: "wait" });
    expect(at(4, {}, true)).toEqual({ kind: "rate", rate: 1 });
  });

  it("jumps when it is far", () => {
    expect(at(1)).toEqual({ kind: "seek", to: 4 });
    expect(at(4 + FAR + 0.01)).toEqual({ kind: "seek", to: 4 });
  });

  it("takes the short way round the loop's end", () => {
    const round = at(7.95, { position: 0.05 });
    expect(round.kind === "rate" && round.rate).toBeCloseTo(1.2);
    expect(at(0.5, { position: 7.98 })).toEqual({ kind: "wait" });
    expect(at(7.95, { position: 0.05, loop: false }).kind).toBe("seek");
  });

  it("waits at its end when it is shorter than the others, and starts again with them", () => {
    const short = (position: number) =>
      correct(playing({ position }), 0, { time: 4, duration: 4, waits: position > 4 });
    expect(short(6)).toEqual({ kind: "wait" });
    expect(short(0.125)).toEqual({ kind: "seek", to: 0.125 });
  });

  it("arrives: with these corrections any drift is soon under 25 ms", () => {
    for (const start of [-FAR + 0.01, -0.1, 0.05, 0.3, FAR - 0.01]) {
      let [time, waits] = [1 + start, false];
      for (let now = 0; now < 3000; now += 50) {
        const what = correct(playing({ position: 1 }), now, { time, duration: 8, waits });
        waits = what.kind === "wait";
        if (what.kind === "seek") time = what.to;
        if (what.kind === "rate") time += 0.05 * what.rate;
      }
      expect(Math.abs(positionAt(playing({ position: 1 }), 3000) - time)).toBeLessThan(0.025);
    }
  });
});

describe("a clock with videos that can't keep up", () => {
  const slow = (...times: number[]) =>
    yieldTo(
      playing({ position: 4 }),
      0,
      times.map((time) => ({ time, duration: 8 })),
    );

  it("is set back to the slowest", () => {
    expect(slow(4, 3.8, 3.9).position).toBeCloseTo(3.8 + LEAD);
  });

  it("goes on where all keep up, and does not wait for one that is far away", () => {
    expect(slow(4, 3.98, 4.3)).toEqual(playing({ position: 4 }));
    expect(slow(4, 1)).toEqual(playing({ position: 4 }));
  });

  it("is set back over the loop's end", () => {
    const set = yieldTo(playing({ position: 0.05 }), 0, [{ time: 7.8, duration: 8 }]);
    expect(set.position).toBeCloseTo(7.8 + LEAD);
  });

  it("does not run away: at a third of the speed all are still together", () => {
    let transport = playing();
    const videos = [0, 0, 0].map(() => ({ time: 0, duration: 8, waits: false }));
    for (let now = 50; now < 6000; now += 50) {
      transport = yieldTo(transport, now, videos);
      for (const [i, video] of videos.entries()) {
        const what = correct(transport, now, video);
        video.waits = what.kind === "wait";
        // The last one is decoded at a third of the speed.
        if (what.kind === "rate") video.time += 0.05 * what.rate * (i === 2 ? 0.33 : 1);
      }
      const times = videos.map(({ time }) => time);
      if (now > 500) expect(Math.max(...times) - Math.min(...times)).toBeLessThan(0.13);
    }
    expect(videos[2]?.time).toBeGreaterThan(1.5);
  });
});

describe("a step", () => {
  it("goes to the middle of the next frame, forth and back again", () => {
    const on = stepFrames(0, 1, 24, 8);
    expect(on).toBeCloseTo(1.5 / 24);
    expect(stepFrames(on, -1, 24, 8)).toBeCloseTo(0.5 / 24);
  });

  it("visits every frame once and stays within the clip", () => {
    const seen = [];
    let position = 0;
    for (let i = 0; i < 12; i++) {
      seen.push(Math.floor(position * 24));
      position = stepFrames(position, 1, 24, 0.5);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(stepFrames(position, 1, 24, 0.5)).toBeCloseTo(11.5 / 24);
    expect(stepFrames(0, -1, 24, 8)).toBeCloseTo(0.5 / 24);
  });
});

test.each([
  [0, "0:00.0"],
  [3.21, "0:03.2"],
  [0.3, "0:00.3"],
  [61.99, "1:01.9"],
])("%s seconds are %s", (seconds, text) => {
  expect(formatPosition(seconds)).toBe(text);
});
