import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AGAIN_MS, BATCH, GATHER_MS, KEPT } from "../../../src/core/media/stills";
import { useStill } from "../../../src/panel/media/media";
import { closeStage, FakeKernel, openStage, pass, type Stage } from "../stage";

const PIXEL = "data:image/png;base64,AA==";
const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `c${from + at}/0`);

let stage: Stage;
let kernel: FakeKernel;

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new FakeKernel().on("posters", ({ clips }: { clips: string[] }) => ({
    posters: Object.fromEntries(clips.map((clip) => [clip, PIXEL])),
  }));
  stage = openStage(kernel);
});

afterEach(async () => {
  await closeStage(stage);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const want = (clips: string[], listener: (still: string) => void = () => {}) =>
  clips.map((clip) => stage.panel.stills.want(clip, listener));

describe("stills", () => {
  it("are asked for together, so many in a message, and told", async () => {
    const listener = vi.fn();
    want(names(30), listener);
    expect(kernel.sent).toEqual([]);
    await pass(GATHER_MS);
    expect(kernel.of("posters").map(({ clips }) => (clips as string[]).length)).toEqual([BATCH, 6]);
    expect(listener).toHaveBeenCalledTimes(30);
    expect(stage.panel.stills.get("c29/0")).toBe(PIXEL);
  });

  it("are asked for once, by how many they may be wanted", async () => {
    const listeners = [vi.fn(), vi.fn(), vi.fn()];
    want(["c0/0"], listeners[0]);
    want(["c0/0"], listeners[1]);
    await pass(GATHER_MS);
    want(["c0/0"], listeners[2]);
    await pass(GATHER_MS);
    expect(kernel.of("posters")).toEqual([{ clips: ["c0/0"] }]);
    expect(listeners.map((listener) => listener.mock.calls)).toEqual([[[PIXEL]], [[PIXEL]], [[PIXEL]]]);
  });

  it("are not asked for once they were scrolled past", async () => {
    for (const leave of want(names(3))) leave();
    want(["c9/0"]);
    await pass(GATHER_MS);
    expect(kernel.of("posters")).toEqual([{ clips: ["c9/0"] }]);
  });

  it("go two messages at a time, so that the kernel is not flooded", async () => {
    const open: (() => void)[] = [];
    kernel.on("posters", () => new Promise((resolve) => open.push(() => resolve({ posters: {} }))));
    want(names(3 * BATCH));
    await pass(GATHER_MS);
    expect(kernel.of("posters")).toHaveLength(2);
    open[0]?.();
    await pass(0);
    expect(kernel.of("posters")).toHaveLength(3);
  });

  it("are asked for again after a refusal, later each time, while somebody looks", async () => {
    kernel.refuse("posters");
    const [leave] = want(["c0/0"]);
    await pass(GATHER_MS);
    await pass(AGAIN_MS);
    expect(kernel.of("posters")).toHaveLength(2);
    await pass(AGAIN_MS);
    expect(kernel.of("posters")).toHaveLength(2);
    await pass(AGAIN_MS);
    expect(kernel.of("posters")).toHaveLength(3);
    leave?.();
    await pass(100_000);
    expect(kernel.of("posters")).toHaveLength(3);
  });

  it("that are no pictures are not shown", async () => {
    kernel.on("posters", () => ({ posters: { "c0/0": "javascript:alert(1)" } }));
    const listener = vi.fn();
    want(["c0/0"], listener);
    await pass(GATHER_MS);
    expect(listener).toHaveBeenCalledWith("");
    expect(stage.panel.stills.get("c0/0")).toBe("");
  });

  it("are kept up to a number, those looked at last", async () => {
    for (let from = 0; from < KEPT; from += 100) {
      want(names(100, from));
      await pass(GATHER_MS);
    }
    want(["c0/0"]);
    want(names(1, KEPT));
    await pass(GATHER_MS);
    const { stills } = stage.panel;
    expect([stills.get("c0/0"), stills.get("c1/0"), stills.get(`c${KEPT}/0`)]).toEqual([PIXEL, "", PIXEL]);
  });

  it("leave nothing behind when the view goes", async () => {
    want(names(40));
    stage.host.abort();
    await pass(100_000);
    expect(kernel.sent).toEqual([]);
    want(names(1));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("useStill", () => {
  const Probe = ({ clip, wanted }: { clip: string; wanted: boolean }) => <p>{useStill(clip, wanted)}</p>;

  it("is empty until it is wanted and here", async () => {
    await stage.show(<Probe clip="c0/0" wanted={false} />);
    await pass(GATHER_MS);
    expect([kernel.sent.length, stage.el.textContent]).toEqual([0, ""]);
    await stage.show(<Probe clip="c0/0" wanted />);
    await pass(GATHER_MS);
    expect(stage.el.textContent).toBe(PIXEL);
  });
});
