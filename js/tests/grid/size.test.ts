import { afterEach, describe, expect, it, vi } from "vitest";
import { remember, remembered } from "../../src/core/remember";
import { lineStyles, nextSize, perLine, SIZES, sizeOf } from "../../src/grid/table/size";

afterEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe("cells in lines", () => {
  it.each([
    [1, 5, [1]],
    [2, 5, [2]],
    [5, 5, [5]],
    [6, 5, [3, 3]],
    [7, 5, [4, 3]],
    [11, 5, [4, 4, 3]],
    [3, 2, [2, 1]],
    [200, 7, undefined],
  ])("are about as full: %i of which %i have room", (count, most, lines) => {
    const each = perLine(count, most);
    expect(each).toBeLessThanOrEqual(most);
    // As few lines as can be, and none that lacks more than one cell a line.
    expect(Math.ceil(count / each)).toBe(Math.ceil(count / most));
    const made = Array.from({ length: Math.ceil(count / each) }, (_, at) =>
      Math.min(each, count - at * each),
    );
    if (lines !== undefined) expect(made).toEqual(lines);
  });

  it("have a number for each width that the sheet tells apart", () => {
    expect(Object.entries(lineStyles(6))).toEqual([
      ["--veo-line-2", 2],
      ["--veo-line-3", 3],
      ["--veo-line-4", 3],
      ["--veo-line-5", 3],
      ["--veo-line-6", 6],
      ["--veo-line-7", 6],
    ]);
    expect(perLine(0, 3)).toBe(1);
  });
});

describe("the size of a cell", () => {
  it("goes from what is drawn to the next on offer, and no further than the last", () => {
    expect([nextSize(281, true), nextSize(281, false)]).toEqual(["320", "240"]);
    expect([nextSize(240, true), nextSize(240, false)]).toEqual(["320", "160"]);
    expect([nextSize(239.6, true), nextSize(240.4, false)]).toEqual(["320", "160"]);
    expect([nextSize(480, true), nextSize(160, false)]).toEqual(["480", "160"]);
    expect([SIZES[0], SIZES.at(-1)]).toEqual([160, 480]);
  });

  it("is what the room allows where the browser has kept something else", () => {
    expect(["", "240", "241", "0", "large", "-1"].map(sizeOf)).toEqual(["", "240", "", "", "", ""]);
  });

  it("is no trouble where a page may keep nothing", () => {
    const refuse = () => {
      throw new DOMException("denied", "SecurityError");
    };
    vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse, removeItem: refuse, clear: () => {} });
    remember("cell-size", "240");
    remember("cell-size", "");
    expect(remembered("cell-size")).toBe("");
  });
});
