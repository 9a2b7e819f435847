import { describe, expect, it } from "vitest";
import {
  find,
  type JoinPart,
  LEAST,
  lengthOf,
  move,
  offsetOf,
  toPiece,
  totalOf,
  trim,
  wholeOf,
} from "../../../../src/panel/clip/join/pieces";
import { exampleItem } from "../../stage";

const part = (id: string, start: number, end: number, duration = 8): JoinPart => ({
  ...wholeOf(exampleItem({ key: `${id}/0`, duration }), id),
  start,
  end,
});
const PARTS = [part("a", 1, 3), part("b", 0, 4), part("c", 2, 8)];
const ids = (parts: readonly JoinPart[]) => parts.map(({ id }) => id).join("");

describe("a piece", () => {
  it("is the whole clip at first, and its own end is not told", () => {
    expect(toPiece(wholeOf(exampleItem(), "p"))).toEqual({ clip: "3f2a/0", start: 0, end: null });
    expect(toPiece(part("a", 1, 3))).toEqual({ clip: "a/0", start: 1, end: 3 });
  });

  it("stays within its clip, and something of it stays", () => {
    expect(trim(PARTS[0] as JoinPart, { start: -1 }).start).toBe(0);
    expect(trim(PARTS[0] as JoinPart, { start: 7 }).start).toBe(3 - LEAST);
    expect(trim(PARTS[0] as JoinPart, { end: 99 }).end).toBe(8);
    expect(trim(PARTS[0] as JoinPart, { end: 0 }).end).toBe(1 + LEAST);
    expect(trim(PARTS[0] as JoinPart, { end: 2.00049 }).end).toBe(2);
  });
});

describe("the pieces together", () => {
  it("have a length, and each its place in it", () => {
    expect(totalOf(PARTS)).toBe(12);
    expect(PARTS.map((_, at) => offsetOf(PARTS, at))).toEqual([0, 2, 6]);
    expect(totalOf([])).toBe(0);
  });

  it.each([
    [0, 0, 1],
    [1.5, 0, 2.5],
    [2, 1, 0],
    [6, 2, 2],
    [11, 2, 7],
    [12, 2, 8],
    [-3, 0, 1],
  ])("know which moment %s is", (position, index, seconds) => {
    expect(find(PARTS, position)).toEqual({ index, seconds });
  });

  it("find every moment of every piece again", () => {
    for (const [index, one] of PARTS.entries()) {
      for (let rest = 0; rest < lengthOf(one); rest += 0.25) {
        expect(find(PARTS, offsetOf(PARTS, index) + rest)).toEqual({ index, seconds: one.start + rest });
      }
    }
  });

  it.each([
    [0, 2, "bca"],
    [2, 0, "cab"],
    [1, 1, "abc"],
    [1, 2, "acb"],
    [9, 0, "abc"],
  ])("move from %s to %s", (from, to, order) => {
    expect(ids(move(PARTS, from, to))).toBe(order);
    expect(ids(PARTS)).toBe("abc");
  });
});
