import { expect, it } from "vitest";
import { Stopwatch } from "../../src/compare/stopwatch";

it("counts from when both play, and only once", () => {
  const watch = new Stopwatch();
  expect(watch.read(5000)).toBeNull();
  watch.start(10_000);
  watch.start(12_000);
  expect(watch.read(13_500)).toBe(3.5);
});

it("does not count while the page is hidden", () => {
  const watch = new Stopwatch();
  watch.start(0);
  watch.hide(true, 2000);
  watch.hide(true, 2500);
  expect(watch.read(60_000)).toBe(2);
  watch.hide(false, 60_000);
  expect(watch.read(61_000)).toBe(3);
});

it("begins to count when a page is seen in which they played already", () => {
  const watch = new Stopwatch();
  watch.hide(true, 0);
  watch.start(1000);
  expect(watch.read(9000)).toBe(0);
  watch.hide(false, 9000);
  expect(watch.read(10_000)).toBe(1);
});
