import { describe, expect, it } from "vitest";
import { AT_REST, drag, MOST_ZOOM, wheelFactor, zoomAt, zoomBy } from "../../../src/grid/layers/zoom";

const FRAME = { left: 100, top: 50, width: 400, height: 200 };

describe("zooming", () => {
  it("keeps what is under the pointer there", () => {
    const at = { clientX: 200, clientY: 200 };
    const view = zoomAt(AT_REST, 2, at, FRAME);
    // The point (-0.25, 0.25) from the middle, doubled and moved, is where it was.
    expect(-0.25 * view.zoom + view.x).toBeCloseTo(-0.25);
    expect(0.25 * view.zoom + view.y).toBeCloseTo(0.25);
  });

  it("stays between the whole picture and eightfold", () => {
    expect(zoomBy(AT_REST, 0.5)).toEqual(AT_REST);
    expect(zoomBy(AT_REST, 100).zoom).toBe(MOST_ZOOM);
  });

  it("comes back to the whole, wherever one was", () => {
    expect(zoomBy(drag(zoomBy(AT_REST, 4), 1, -1), 0.1)).toEqual(AT_REST);
  });

  it("goes in with the wheel up and out with it down, and by no more than a bit at once", () => {
    expect(wheelFactor(-100)).toBeGreaterThan(1);
    expect(wheelFactor(100)).toBeCloseTo(1 / wheelFactor(-100));
    expect(wheelFactor(-9999)).toBeLessThan(1.5);
  });
});

describe("dragging", () => {
  it("moves the picture, but no edge of it into the pane", () => {
    const near = zoomBy(AT_REST, 2);
    expect(drag(near, 0.2, 0)).toMatchObject({ x: 0.2, y: 0 });
    expect(drag(near, 5, -5)).toMatchObject({ x: 0.5, y: -0.5 });
    expect(drag(AT_REST, 0.3, 0.3)).toEqual(AT_REST);
  });
});
