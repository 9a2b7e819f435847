import { describe, expect, it } from "vitest";
import { progressShare } from "../../src/core/progress";

describe("a guess", () => {
  const at = (seconds: number) =>
    progressShare({ kind: "estimate", since: 1000, usual: 80, slope: 8 }, 1000 + seconds) ?? Number.NaN;

  it("is the part gone by of the time that half take of those that are not ready yet", () => {
    expect([0, 20, 40, 80].map(at)).toEqual([0, 0.25, 0.5, 0.87].map((share) => expect.closeTo(share)));
  });

  it("goes on more slowly after that and never reaches the end", () => {
    const later = [80, 100, 160, 400].map(at);
    expect(later).toEqual([...later].sort((a, b) => a - b));
    expect(at(160) - at(120)).toBeLessThan(at(80) - at(40));
    expect(at(1e9)).toBeLessThan(1);
  });

  it("is nothing before it began, whatever the clocks say", () => {
    expect(at(-5)).toBe(0);
  });

  it("is unknown where nothing is known of such clips", () => {
    expect(progressShare({ kind: "estimate", since: 1000, usual: 0, slope: 8 }, 1001)).toBeUndefined();
  });
});

describe("what the provider reports", () => {
  it("is taken as it is", () => {
    expect([0.05, 0.4, 1.2].map((share) => progressShare({ kind: "reported", share }, 0))).toEqual([
      0.05, 0.4, 1,
    ]);
  });
});

describe("a transfer", () => {
  it("is what was counted", () => {
    expect(progressShare({ kind: "transfer", done: 3, total: 4 }, 0)).toBe(0.75);
    expect(progressShare({ kind: "transfer", done: 5, total: 4 }, 0)).toBe(1);
  });

  it("is unknown without a total", () => {
    expect(progressShare({ kind: "transfer", done: 3, total: 0 }, 0)).toBeUndefined();
  });
});
