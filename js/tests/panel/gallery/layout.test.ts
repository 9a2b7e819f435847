import { describe, expect, it } from "vitest";
import {
  FOOT,
  GAP,
  layoutOf,
  placeOf,
  rangeOf,
  scrollTo,
  stay,
  stepOf,
} from "../../../src/panel/gallery/layout";

/** Four columns. */
const wide = (count = 2000, lead = 0) => layoutOf(720, count, lead);

describe("where tiles stand", () => {
  it("fills the width with columns of one size, two at least", () => {
    for (const width of [320, 400, 700, 1200, 1800]) {
      const { columns, width: tile } = layoutOf(width, 100);
      expect(columns * tile + (columns - 1) * GAP).toBeLessThanOrEqual(width);
      expect(columns * tile + (columns - 1) * GAP).toBeGreaterThan(width - columns);
    }
    expect(layoutOf(200, 100).columns).toBe(2);
    expect(wide().columns).toBe(4);
  });

  it("places each by its number alone", () => {
    const layout = wide();
    expect(placeOf(layout, 0)).toEqual({ x: 0, y: 0 });
    expect(placeOf(layout, 5)).toEqual({ x: layout.width + GAP, y: layout.pitch });
    expect(layout.pitch).toBe(layout.picture + FOOT + GAP);
    expect(layout.height).toBe(500 * layout.pitch - GAP);
    expect(placeOf(wide(10, 3), 1)).toEqual({ x: 0, y: layout.pitch });
  });

  it("draws what is on screen and a row more at each end, however many there are", () => {
    const layout = wide();
    expect(rangeOf(layout, 0, 3 * layout.pitch)).toEqual([0, 16]);
    expect(rangeOf(layout, 100 * layout.pitch, 3 * layout.pitch)).toEqual([396, 416]);
    expect(rangeOf(layout, layout.height, 3 * layout.pitch)[1]).toBe(2000);
    expect(rangeOf(wide(0), 0, 600)).toEqual([0, 0]);
    expect(rangeOf(wide(3), 0, 600)).toEqual([0, 3]);
  });

  it("scrolls no farther than it takes to see a tile whole", () => {
    const layout = wide();
    const height = 2.5 * layout.pitch;
    expect(scrollTo(layout, 4, 0, height)).toBe(0);
    expect(scrollTo(layout, 8, 0, height)).toBe(3 * layout.pitch - GAP - height);
    expect(scrollTo(layout, 0, 700, height)).toBe(0);
  });
});

describe("where a key leads", () => {
  const step = (index: number, key: string, layout = wide(10)) =>
    stepOf(layout, index, key, 2 * layout.pitch);

  it.each([
    ["ArrowRight", 0, 1],
    ["ArrowRight", 9, 9],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 1, 5],
    ["ArrowUp", 5, 1],
    ["ArrowUp", 2, 2],
    // The last row is not full.
    ["ArrowDown", 7, 9],
    ["ArrowDown", 9, 9],
    ["PageDown", 0, 8],
    ["PageUp", 9, 1],
    ["Home", 7, 0],
    ["End", 2, 9],
  ])("%s from %d is %d", (key, from, to) => {
    expect(step(from, key)).toBe(to);
  });

  it("is nowhere for other keys, and where nothing is", () => {
    expect(step(0, "a")).toBeUndefined();
    expect(step(0, "End", wide(0))).toBeUndefined();
  });
});

describe("staying", () => {
  it("keeps a tile's place on the screen whatever comes or goes before it", () => {
    for (const shift of [-5, -4, -1, 0, 1, 3, 4, 9]) {
      const before = wide(500, 2);
      const { lead, scroll } = stay(before, 41, 41 + shift);
      const after = wide(500 + shift, lead);
      const [was, is] = [placeOf(before, 41), placeOf(after, 41 + shift)];
      expect([is.x, is.y - scroll]).toEqual([was.x, was.y]);
      expect(lead).toBeGreaterThanOrEqual(0);
      expect(lead).toBeLessThan(4);
    }
  });
});
