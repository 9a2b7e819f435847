import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useChosen } from "../../src/panel/selection";
import { closeStage, FakeKernel, openStage, pass, type Stage } from "./stage";

let stage: Stage;
let kernel: FakeKernel;
let chosen: readonly string[];
let choose: (clips: readonly string[]) => void;

function Probe({ kept }: { kept: readonly string[] }) {
  [chosen, choose] = useChosen(kept, stage.panel.ask);
  return null;
}
const show = (kept: readonly string[]) => stage.show(<Probe kept={kept} />);

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new FakeKernel().on("select", () => ({}));
  stage = openStage(kernel);
});

afterEach(async () => {
  await closeStage(stage);
  vi.useRealTimers();
});

describe("what is chosen", () => {
  it("is shown at once, and told to the kernel", async () => {
    await show([]);
    await act(() => choose(["a/0"]));
    expect(chosen).toEqual(["a/0"]);
    expect(kernel.of("select")).toEqual([{ clips: ["a/0"] }]);
    await pass();
    expect(chosen).toEqual(["a/0"]);
  });

  it("is what the kernel says, where nothing is under way", async () => {
    await show([]);
    await act(() => choose(["a/0"]));
    await pass();
    await show(["a/0"]);
    await show(["b/0"]);
    expect(chosen).toEqual(["b/0"]);
  });

  it("is not set back by what the kernel had before the last choice", async () => {
    kernel.on("select", () => new Promise(() => {}));
    await show([]);
    await act(() => choose(["a/0"]));
    await act(() => choose(["a/0", "b/0"]));
    await show(["a/0"]);
    expect(chosen).toEqual(["a/0", "b/0"]);
  });

  it("is taken back when the kernel refuses, which is said", async () => {
    kernel.refuse("select", "No clip a/0.", "");
    await show(["b/0"]);
    await act(() => choose(["a/0"]));
    await pass();
    expect([chosen, stage.said]).toEqual([["b/0"], ["No clip a/0."]]);
  });
});
