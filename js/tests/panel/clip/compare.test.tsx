import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OpenLayer } from "../../../src/panel/clip/layer";
import type { Layer } from "../../../src/panel/context";
import type { Details, Item } from "../../../src/protocol.gen";
import { panelExamples } from "../../fixtures";
import { fakeVideos } from "../../grid/video";
import { click, closeStage, exampleItem, LIBRARY, openStage, pass, press, type Stage, VIEW } from "../stage";

let stage: Stage;

const items: Item[] = [
  exampleItem(),
  exampleItem({ key: "77aa/1", job: "77aa", prompt: "An owl", url: "/files/owl.mp4", rating: 3 }),
  exampleItem({ key: "c4a7/0", job: "c4a7", prompt: "A cat", url: "/files/cat.mp4" }),
  exampleItem({ key: "gone/0", job: "gone", here: false }),
];

function detailsOf(clip: string): Details {
  const item = [...items, exampleItem({ key: "old1/0", job: "old1", prompt: "Chosen long ago" })].find(
    ({ key }) => key === clip,
  );
  return {
    ...structuredClone(panelExamples.details["clip"] as Details),
    item: item ?? exampleItem({ key: clip }),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  fakeVideos();
});

afterEach(async () => {
  await closeStage(stage);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function open(layer: Layer, chosen: readonly string[] = []): Promise<void> {
  stage = openStage(undefined, { chosen });
  stage.kernel
    .on("details", ({ clip }: { clip: string }) => detailsOf(clip))
    .on("browse", ({ limit }: { limit: number }) => ({ total: 60, items: items.slice(0, limit) }))
    .on("posters", () => ({ posters: {} }));
  await stage.show(<OpenLayer layer={layer} library={LIBRARY} view={VIEW} />);
  await pass();
  await pass();
}
const openTwo = () => open({ kind: "compare", clips: ["3f2a/0", "77aa/1"] });

const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const find = <E extends HTMLElement>(selector: string): E => {
  const found = document.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
};
const named = (text: string) =>
  all("button").find((one) => (one.getAttribute("aria-label") ?? one.textContent) === text);
const mode = () => find(".veo-panes").dataset["mode"];
const key = (name: string) => press(all("dialog").at(-1) ?? document.body, name);
const loud = () => all<HTMLVideoElement>("video").map((one) => !one.muted);
const offered = () => all(".veo-strip .veo-thumb").map((one) => one.getAttribute("aria-label"));

describe("two clips compared", () => {
  it("stand side by side with their labels", async () => {
    await openTwo();
    expect(mode()).toBe("beside");
    expect(all("video").map((one) => one.getAttribute("src"))).toEqual([
      "/files/fox-3f2a.mp4",
      "/files/owl.mp4",
    ]);
    expect(all("figcaption").map((one) => one.textContent)).toEqual([
      "A 3f2a · A fox crosses a frozen lake.",
      "B 77aa, sample 2 · An owl",
    ]);
  });

  it("play in step, and step by frames together", async () => {
    await openTwo();
    await key(" ");
    await pass(2000);
    const [a, b] = all<HTMLVideoElement>("video");
    expect(a?.paused || b?.paused).toBe(false);
    expect(Math.abs((a?.currentTime ?? 0) - (b?.currentTime ?? 9))).toBeLessThan(0.05);
    await key(" ");
    await key("Home");
    await key(".");
    await pass(100);
    expect(a?.currentTime).toBeCloseTo(1.5 / 24, 3);
    expect(b?.currentTime).toBeCloseTo(1.5 / 24, 3);
  });

  it("lie over each other with a wipe, or show their difference, by key and by button", async () => {
    await openTwo();
    await key("w");
    expect(mode()).toBe("wipe");
    expect(find("[role=slider].veo-wipe").getAttribute("aria-valuenow")).toBe("50");
    await key("d");
    expect(mode()).toBe("difference");
    await key("d");
    expect(mode()).toBe("beside");
    await click(named("Wipe"));
    expect(mode()).toBe("wipe");
    await key("h");
    expect(all("figcaption")).toHaveLength(0);
  });

  it("are looked at more closely together", async () => {
    await openTwo();
    await key("+");
    expect(find(".veo-panes").style.getPropertyValue("--veo-zoom")).toBe("1.25");
  });

  it("are heard one at a time: silence, A, B, silence", async () => {
    await openTwo();
    const audible = [loud()];
    for (let i = 0; i < 3; i += 1) {
      await key("m");
      audible.push(loud());
    }
    expect(audible).toEqual([
      [false, false],
      [true, false],
      [false, true],
      [false, false],
    ]);
    await click(named("Hear B"));
    expect(loud()).toEqual([false, true]);
  });

  it("are heard one at a time though both are one clip", async () => {
    await open({ kind: "compare", clips: ["3f2a/0", "3f2a/0"] });
    await key("m");
    expect(loud()).toEqual([true, false]);
  });

  it("are judged each on its own", async () => {
    await openTwo();
    stage.kernel.on("rate", () => ({})).on("note", () => ({}));
    const b = all(".veo-judge > span")[1];
    expect(b?.querySelector(".veo-rating")?.getAttribute("aria-label")).toBe("Rated 3 of 5");
    await click(b?.querySelector('[aria-label="Rate 5 of 5"]'));
    expect(stage.kernel.of("rate")).toEqual([{ clip: "77aa/1", rating: 5 }]);
    await key("1");
    expect(stage.kernel.of("rate")).toHaveLength(1);
    await click(b?.querySelector('[aria-label="Write a note"]'));
    const text = find<HTMLTextAreaElement>("textarea");
    await act(() => {
      text.value = "wiser";
      text.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await press(text, "Enter");
    expect(stage.kernel.of("note")).toEqual([{ clip: "77aa/1", note: "wiser" }]);
  });

  it("say why one of them is not there", async () => {
    await openTwo();
    stage.kernel.refuse("details", "There is no clip 77aa.", "");
    await click(all(".veo-judge [aria-expanded]")[0]);
    await pass();
    await click(find(".veo-strip .veo-thumb"));
    await pass();
    expect(find("[role=alert]").textContent).toContain("There is no clip 77aa.");
  });

  it("make room for another one in the place of either", async () => {
    await openTwo();
    await click(all(".veo-judge [aria-expanded]")[1]);
    await pass();
    expect(offered()).toEqual(["A cat (c4a7)"]);
    await click(find(".veo-strip .veo-thumb"));
    await pass();
    expect(all("dialog")).toHaveLength(1);
    expect(all("video").map((one) => one.getAttribute("src"))).toEqual([
      "/files/fox-3f2a.mp4",
      "/files/cat.mp4",
    ]);
  });

  it("close the strip first with Escape, then themselves", async () => {
    await openTwo();
    await click(all(".veo-judge [aria-expanded]")[1]);
    await key("Escape");
    expect(all(".veo-strip")).toHaveLength(0);
    expect(stage.panel.close).not.toHaveBeenCalled();
    await key("Escape");
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });
});

describe("comparing from a clip", () => {
  it("offers the chosen ones first, never itself and none that is gone", async () => {
    await open({ kind: "details", clip: "3f2a/0" }, ["c4a7/0", "old1/0", "3f2a/0"]);
    await key("c");
    await pass();
    await pass();
    expect(offered()).toEqual(["chosen A cat (c4a7)", "chosen Chosen long ago (old1)", "An owl (77aa)"]);
  });

  it("opens over the clip, and comes back to it", async () => {
    await open({ kind: "details", clip: "3f2a/0" });
    await click(named("Compare"));
    await pass();
    await click(find(".veo-strip .veo-thumb"));
    await pass();
    expect(all("dialog").map((one) => one.getAttribute("aria-label"))).toEqual([
      "Clip 3f2a",
      "Two clips compared",
    ]);
    await key("Escape");
    expect(all("dialog").map((one) => one.getAttribute("aria-label"))).toEqual(["Clip 3f2a"]);
  });

  it("shows more clips on demand", async () => {
    await open({ kind: "details", clip: "3f2a/0" });
    await key("c");
    await pass();
    await click(named("More"));
    await pass();
    expect(stage.kernel.of("browse").at(-1)).toMatchObject({ limit: 72, order: "newest", states: [] });
    expect(named("More")).toBeUndefined();
  });
});
