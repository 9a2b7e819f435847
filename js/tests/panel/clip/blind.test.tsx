import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type ShowComparison, script } from "../../../src/panel/clip/blind/bundle";
import { OpenLayer } from "../../../src/panel/clip/layer";
import { comparisonExamples } from "../../fixtures";
import { click, closeStage, LIBRARY, openStage, pass, press, type Stage, VIEW } from "../stage";

const clips = ["3f2a/0", "77aa/1", "c4a7/0"];
const { comparing } = comparisonExamples;
const refresh = vi.fn();
const drawn = vi.fn<ShowComparison>();

let stage: Stage;

beforeEach(async () => {
  vi.useFakeTimers();
  refresh.mockClear();
  drawn.mockReset().mockImplementation((el, { question }) => {
    el.textContent = question;
    return refresh;
  });
  vi.spyOn(script, "load").mockImplementation(async () => ({ showComparison: drawn }));
  stage = openStage();
  stage.kernel
    .on("contest", () => ({
      by: [{ value: "prompt", label: "prompt", group: "" }],
      question: "Which is better?",
    }))
    .on("compare-bundle", () => ({ script: "the script", style: "" }));
  await show();
});

afterEach(async () => {
  await closeStage(stage);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const show = async (version = 1) => {
  const library = { ...LIBRARY, version };
  await stage.show(<OpenLayer layer={layer} library={library} view={VIEW} />);
  await pass();
};
const layer = { kind: "blind" as const, clips };
const find = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector) as E;
const start = async () => {
  await act(() => void find("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await pass();
};

it("asks what to compare by, first by what the clips differ in", async () => {
  expect(stage.kernel.of("contest")).toEqual([{ clips }]);
  expect([...find<HTMLSelectElement>("select").options].map((one) => one.textContent)).toEqual([
    "prompt",
    "each clip for itself",
  ]);
  expect(find<HTMLInputElement>("input").placeholder).toBe("Which is better?");
});

it("says why the clips can't be compared, and keeps what was typed", async () => {
  stage.kernel.refuse(
    "blind",
    "No two of these clips differ in prompt alone.",
    "Compare clips that share the rest.",
  );
  await act(() => {
    const input = find<HTMLInputElement>("input");
    input.value = "Which is calmer?";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await start();
  expect(stage.kernel.of("blind")).toEqual([{ clips, by: "prompt", question: "Which is calmer?" }]);
  expect(find("[role=alert]").textContent).toContain("Compare clips that share the rest.");
  expect(find<HTMLInputElement>("input").value).toBe("Which is calmer?");
});

it("draws the comparison with its own bundle, and has it look anew when the library has changed", async () => {
  stage.kernel.on("blind", () => comparing);
  await start();
  expect(find(".veo-blind-place").textContent).toBe(comparing.question);
  const signal = drawn.mock.calls[0]?.[3];
  refresh.mockClear();
  await show(2);
  expect(refresh).toHaveBeenCalledOnce();
  await press(find("dialog"), "Escape");
  expect(stage.panel.close).toHaveBeenCalledOnce();
  await stage.show(null);
  expect(signal?.aborted).toBe(true);
  // The page has it by now.
  await show();
  await start();
  expect(stage.kernel.of("compare-bundle").length).toBeLessThan(2);
});

it("is offered for two clips or more", async () => {
  const { GalleryBar } = await import("../../../src/panel/gallery/bar");
  for (const count of [1, 3]) {
    await closeStage(stage);
    stage = openStage(undefined, { chosen: clips.slice(0, count) });
    await stage.show(
      <GalleryBar text="" asking={false} onAsking={() => {}} onGone={() => {}}>
        {null}
      </GalleryBar>,
    );
    const button = [...document.querySelectorAll("button")].find(
      (one) => one.textContent === "Compare blind",
    );
    await click(button);
    if (count === 1) expect(stage.panel.open).not.toHaveBeenCalled();
    else expect(stage.panel.open).toHaveBeenCalledWith({ kind: "blind", clips });
  }
});
