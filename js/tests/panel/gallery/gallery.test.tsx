import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DWELL_MS } from "../../../src/core/ui/visibility";
import type { Library } from "../../../src/panel/context";
import { countOf, Gallery, SEARCH_MS } from "../../../src/panel/gallery/gallery";
import { AGAIN_MS } from "../../../src/panel/gallery/pages";
import { KEEP_MS } from "../../../src/panel/gallery/saved-view";
import { CLIP_TYPE, labelOf, lackOf, shortDate } from "../../../src/panel/gallery/tile";
import { POINT_MS } from "../../../src/panel/gallery/tiles";
import type { GalleryView, Item } from "../../../src/protocol.gen";
import {
  click,
  closeStage,
  exampleItem,
  FakeKernel,
  LIBRARY,
  NOW,
  openStage,
  pass,
  press,
  type Stage,
  VIEW,
} from "../stage";

let stage: Stage;
let kernel: FakeKernel;
let library: Item[];
let shared: Library;
let kept: GalleryView;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  // Four columns, and three rows of them.
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(720);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(480);
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, "load").mockImplementation(() => {});
  library = Array.from({ length: 2000 }, (_, at) => exampleItem({ key: `c${at}/0`, prompt: `A fox, ${at}` }));
  kernel = new FakeKernel()
    .on("browse", ({ search, offset, limit }: GalleryView & { offset: number; limit: number }) => {
      const found = library.filter(({ prompt }) => prompt.includes(search));
      return { total: found.length, items: found.slice(offset, offset + limit) };
    })
    .on("posters", () => ({ posters: {} }))
    .on("view", () => ({}))
    .on("delete", ({ clips }: { clips: string[] }) => {
      library = library.filter(({ key }) => !clips.includes(key));
      return {};
    })
    .on("restore", () => ({}));
  shared = LIBRARY;
  kept = VIEW;
  stage = openStage(kernel);
  stage.panel.choose = (clips) => {
    stage.panel = Object.assign(stage.panel, { chosen: [...clips] });
    chose(clips);
  };
});

let chose: ReturnType<typeof vi.fn<(clips: readonly string[]) => void>>;
beforeEach(() => {
  chose = vi.fn<(clips: readonly string[]) => void>();
});

afterEach(async () => {
  await closeStage(stage);
  expect(vi.getTimerCount()).toBe(0);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const draw = () => stage.show(<Gallery key="gallery" library={shared} view={kept} />);
const show = async () => {
  await draw();
  await pass(20);
};
/** Another snapshot of the library, of which something changed. */
const change = async () => {
  shared = { ...shared, version: shared.version + 1, total: library.length };
  await draw();
  await pass(20);
};
const all = (selector: string) => [...stage.el.querySelectorAll<HTMLElement>(selector)];
const find = (selector: string) => stage.el.querySelector(selector) as HTMLElement;
const tile = (key: string) => find(`[data-key="${key}"]`);
const keys = () => all(".veo-tile").map((one) => one.dataset["key"]);
const box = () => find(".veo-tiles");
const bar = () => find(".veo-gallery-bar");
const button = (label: string) => all("button").find((one) => one.textContent === label);
const active = () => find('.veo-tile[tabindex="0"]').dataset["key"];
const key = (name: string, more: KeyboardEventInit = {}) =>
  press(find('.veo-tile[tabindex="0"]'), name, more);
const scroll = async (top: number) => {
  await act(() => {
    box().scrollTop = top;
    box().dispatchEvent(new Event("scroll"));
  });
  await pass(20);
};
const pick = async (label: string, value: string) => {
  const menu = find(`select[aria-label="${label}"]`) as HTMLSelectElement;
  menu.value = value;
  await act(() => void menu.dispatchEvent(new Event("change", { bubbles: true })));
  await pass();
};
const type = (text: string) =>
  act(() => {
    const input = find("input") as HTMLInputElement;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
const pointer = (target: Element, name: string) =>
  act(() => void target.dispatchEvent(new PointerEvent(name, { pointerType: "mouse" })));

describe("of thousands of clips", () => {
  it("only those on screen and a row more are on the page", async () => {
    await show();
    expect(keys()).toEqual(library.slice(0, 20).map((one) => one.key));
    expect(bar().textContent).toContain("2,000 clips");
    await scroll(50_000);
    expect(all(".veo-tile").length).toBeLessThan(26);
    expect(keys()).toContain("c1280/0");
  });

  it("each says its number among all, and the box how high they are", async () => {
    await show();
    const option = tile("c5/0");
    expect([option.role, option.ariaPosInSet ?? option.getAttribute("aria-posinset")]).toEqual([
      "option",
      "6",
    ]);
    expect(option.getAttribute("aria-setsize")).toBe("2000");
    expect(box().getAttribute("role")).toBe("listbox");
    expect(Number.parseInt(find(".veo-tiles-all").style.height, 10)).toBeGreaterThan(50_000);
  });

  it("those that are not here yet have their place", async () => {
    const answer = kernel.answers.get("browse");
    await show();
    kernel.on("browse", () => new Promise(() => {}));
    await scroll(100_000);
    expect(all('.veo-tile[aria-hidden="true"]').length).toBeGreaterThan(10);
    if (answer) kernel.on("browse", answer);
  });

  it("those that stay where they are, are not drawn again while it scrolls", async () => {
    let reads = 0;
    const watched = { ...exampleItem({ key: "w/0" }) };
    Object.defineProperty(watched, "settings", { get: () => String(++reads) });
    library[12] = watched;
    await show();
    const before = reads;
    expect(before).toBeGreaterThan(0);
    await scroll(160);
    expect(keys()).toContain("c23/0");
    expect(reads).toBe(before);
  });

  it("stills are asked for of those on the page alone", async () => {
    await show();
    await pass(20);
    const asked = kernel.of("posters").flatMap(({ clips }) => clips as string[]);
    expect(asked).toEqual(library.slice(0, 20).map((one) => one.key));
  });
});

describe("a tile", () => {
  it("says why there is no clip", () => {
    expect(lackOf(exampleItem({ kind: "none", state: "blocked" }))).toBe("Blocked by the safety filter");
    expect(lackOf(exampleItem({ here: false }))).toBe("Its file is not there");
    expect(lackOf(exampleItem())).toBe("");
  });

  it("is read out with what is thought of it", () => {
    const text = labelOf(exampleItem({ rating: 4, star: true, note: "the ears" }));
    expect(text).toMatch(/^A fox crosses a frozen lake\. 8 s\. fast · 16:9 · 720p · 8 s\. made .*/);
    expect(text).toMatch(/rated 4 of 5\. starred\. note: the ears$/);
  });

  it("has the time of today, and the date of before", () => {
    const now = new Date(2025, 10, 25, 12, 0);
    const at = (...date: [number, number, number, number]) =>
      shortDate(new Date(...date).getTime() / 1000, now);
    expect(at(2025, 10, 25, 9)).toMatch(/09|9/);
    expect(at(2025, 10, 24, 9)).not.toContain("2025");
    expect(at(2024, 10, 24, 9)).toContain("2024");
  });

  it("stays text where it is hostile", async () => {
    library = [exampleItem({ prompt: "<b>x</b>", settings: "<i>y</i>", note: "<u>" })];
    await show();
    expect(all(".veo-tile b, .veo-tile u")).toEqual([]);
    expect(find(".veo-tile-prompt").textContent).toBe("<b>x</b>");
  });

  it("plays, muted, while the pointer rests on it, and not when it passes", async () => {
    await show();
    await pointer(tile("c1/0"), "pointerenter");
    await pointer(tile("c1/0"), "pointerleave");
    await pointer(tile("c2/0"), "pointerenter");
    await pass(POINT_MS);
    const videos = all("video") as HTMLVideoElement[];
    expect(videos.map((one) => [one.closest<HTMLElement>(".veo-tile")?.dataset["key"], one.muted])).toEqual([
      ["c2/0", true],
    ]);
    await pointer(tile("c2/0"), "pointerleave");
    expect(all("video")).toEqual([]);
    expect(videos[0]?.hasAttribute("src")).toBe(false);
  });

  it("plays after a while for the keyboard, and never where motion is not wanted", async () => {
    await show();
    const visible = vi.spyOn(Element.prototype, "matches");
    visible.mockImplementation((selector) => selector === ":focus-visible");
    await act(() => tile("c1/0").focus());
    await pass(DWELL_MS);
    expect(all("video")).toHaveLength(1);
    await act(() => tile("c1/0").blur());
    expect(all("video")).toEqual([]);
    vi.spyOn(window, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
    await pointer(tile("c2/0"), "pointerenter");
    await pass(DWELL_MS);
    expect(all("video")).toEqual([]);
  });

  it("plays the clip's bytes where its address fails, and shows how far they are", async () => {
    kernel.on("video", () => ({ size: 100, next: 50, buffers: [new DataView(new ArrayBuffer(50))] }));
    await show();
    await pointer(tile("c1/0"), "pointerenter");
    await pass(POINT_MS);
    kernel.on("video", () => new Promise(() => {}));
    await act(() => void find("video").dispatchEvent(new Event("error")));
    await pass();
    expect(find(".veo-tile .veo-bar")).not.toBeNull();
  });

  it("carries its key when it is dragged", async () => {
    await show();
    const setData = vi.fn();
    const event = Object.assign(new Event("dragstart", { bubbles: true }), { dataTransfer: { setData } });
    await act(() => void tile("c3/0").dispatchEvent(event));
    expect(setData).toHaveBeenCalledWith(CLIP_TYPE, "c3/0");
    expect(tile("c3/0").getAttribute("draggable")).toBe("true");
  });

  it("opens by click and by Enter", async () => {
    await show();
    await click(tile("c3/0"));
    await key("Enter");
    expect(vi.mocked(stage.panel.open).mock.calls).toEqual([
      [{ kind: "details", clip: "c3/0" }],
      [{ kind: "details", clip: "c3/0" }],
    ]);
  });
});

describe("the keyboard", () => {
  it("moves between tiles, of which one takes Tab", async () => {
    await show();
    await act(() => tile("c0/0").focus());
    await key("ArrowRight");
    await key("ArrowDown");
    expect([active(), all('.veo-tile[tabindex="0"]').length]).toEqual(["c5/0", 1]);
    expect(document.activeElement).toBe(tile("c5/0"));
  });

  it("goes to the end, far outside what was loaded, and keeps the focus", async () => {
    await show();
    await act(() => tile("c0/0").focus());
    await key("End");
    await pass(20);
    expect(document.activeElement).toBe(tile("c1999/0"));
    expect(box().scrollTop).toBeGreaterThan(50_000);
  });

  it("keeps the tile with the focus on the page when it is scrolled away", async () => {
    await show();
    await act(() => tile("c0/0").focus());
    await scroll(50_000);
    expect(document.activeElement).toBe(tile("c0/0"));
  });

  it("is at the tile that takes the place of one that goes", async () => {
    await show();
    await act(() => tile("c1/0").focus());
    library = library.filter((item) => item.key !== "c1/0");
    await change();
    expect(document.activeElement).toBe(tile("c2/0"));
  });

  it("leaves the keys of menus to the menus", async () => {
    await show();
    await press(find("input"), "x");
    expect(chose).not.toHaveBeenCalled();
  });
});

describe("choosing", () => {
  it("goes by the box, by X and by Ctrl with a click", async () => {
    await show();
    await click(tile("c2/0").querySelector(".veo-tile-pick"));
    expect(chose).toHaveBeenLastCalledWith(["c2/0"]);
    await draw();
    await click(tile("c1/0"), { ctrlKey: true });
    expect(chose).toHaveBeenLastCalledWith(["c2/0", "c1/0"]);
    await draw();
    expect(tile("c1/0").getAttribute("aria-selected")).toBe("true");
    await key("x");
    expect(chose).toHaveBeenLastCalledWith(["c2/0"]);
    expect(stage.panel.open).not.toHaveBeenCalled();
  });

  it("takes a range with Shift, also of what is not loaded yet", async () => {
    await show();
    await click(tile("c2/0").querySelector(".veo-tile-pick"));
    await draw();
    await scroll(15_000);
    const far = keys().at(-1) ?? "";
    await click(tile(far), { shiftKey: true });
    await pass();
    const clips = chose.mock.lastCall?.[0] ?? [];
    expect(clips[0]).toBe("c2/0");
    expect(clips.at(-1)).toBe(far);
    expect(clips).toHaveLength(Number.parseInt(far.slice(1), 10) - 1);
  });

  it("leaves out what is no clip, and says so", async () => {
    library[1] = exampleItem({ key: "c1/0", kind: "none", state: "failed" });
    await show();
    expect(tile("c1/0").querySelector(".veo-tile-pick")).toBeNull();
    await click(tile("c1/0"), { ctrlKey: true });
    expect(stage.said.at(-1)).toBe("There is no clip here that could be chosen.");
    await click(tile("c0/0"), { ctrlKey: true });
    await draw();
    await click(tile("c2/0"), { shiftKey: true });
    await pass();
    expect(chose).toHaveBeenLastCalledWith(["c0/0", "c2/0"]);
  });

  it("ends with Escape, which leaves the panel only the next time", async () => {
    await show();
    await click(tile("c0/0"), { ctrlKey: true });
    await draw();
    const prevented: boolean[] = [];
    stage.el.addEventListener("keydown", (event) => prevented.push(event.defaultPrevented));
    await key("Escape");
    await draw();
    await key("Escape");
    expect(chose).toHaveBeenLastCalledWith([]);
    expect(prevented).toEqual([true, false]);
  });
});

describe("what can be done with the chosen", () => {
  const choose = async (...clips: string[]) => {
    stage.panel.chosen = clips;
    await show();
  };

  it("is comparing two, and only two", async () => {
    await choose("c1/0");
    expect(button("Compare")?.getAttribute("aria-disabled")).toBe("true");
    expect(button("Compare")?.title).toBe("Choose two clips to compare them");
    await click(button("Compare"));
    expect(stage.panel.open).not.toHaveBeenCalled();
    await choose("c1/0", "c2/0", "c3/0");
    await click(button("Compare"));
    expect(stage.panel.open).not.toHaveBeenCalled();
    await choose("c1/0", "c2/0");
    await click(button("Compare"));
    expect(stage.panel.open).toHaveBeenCalledWith({ kind: "compare", clips: ["c1/0", "c2/0"] });
  });

  it("is joining them in the order in which they were chosen", async () => {
    await choose("c2/0", "c1/0", "c3/0");
    await click(button("Join"));
    expect(stage.panel.open).toHaveBeenCalledWith({ kind: "join", clips: ["c2/0", "c1/0", "c3/0"] });
  });

  it("is deleting them, asked before and undone after", async () => {
    await choose("c0/0", "c1/0");
    await click(button("Delete"));
    expect(kernel.of("delete")).toEqual([]);
    expect(document.activeElement?.textContent).toBe("Delete 2 clips");
    await click(button("Keep"));
    await click(button("Delete"));
    await click(button("Delete 2 clips"));
    await pass(20);
    expect(kernel.of("delete")).toEqual([{ clips: ["c0/0", "c1/0"] }]);
    expect(chose).toHaveBeenLastCalledWith([]);
    expect(keys()[0]).toBe("c2/0");
    const [offer] = stage.offers;
    expect([offer?.text, offer?.label]).toEqual(["Deleted 2 clips.", "Undo"]);
    await act(() => offer?.action());
    expect(kernel.of("restore")).toEqual([{ clips: ["c0/0", "c1/0"] }]);
  });

  it("is asked for the clip with the focus by the key", async () => {
    await show();
    await key("Delete");
    await draw();
    expect(bar().textContent).toContain("Delete 1 clip? They can be brought back for 7 days.");
    await press(button("Delete 1 clip") as Element, "Escape");
    expect(bar().textContent).toContain("1 chosen");
    expect(kernel.of("delete")).toEqual([]);
  });

  it("keeps the focus in the gallery, whatever goes with it", async () => {
    const focused = () => document.activeElement;
    library = library.slice(0, 2);
    await choose("c0/0", "c1/0");
    await click(button("Delete"));
    await press(focused() as Element, "Escape");
    expect(focused()).toBe(tile("c0/0"));
    const clear = button("Clear");
    clear?.focus();
    await click(clear);
    await draw();
    expect(focused()).toBe(tile("c0/0"));
    // The last ones: no tile is left.
    await choose("c0/0", "c1/0");
    await click(button("Delete"));
    await click(button("Delete 2 clips"));
    await change();
    expect(all(".veo-tile")).toEqual([]);
    expect(focused()?.textContent).toBe("Gallery");
  });

  it("keeps them when the kernel refuses", async () => {
    kernel.refuse("delete", "3f2a is still being made.", "Cancel it first.");
    await choose("c0/0");
    await click(button("Delete"));
    await click(button("Delete 1 clip"));
    await pass();
    expect(stage.said).toEqual(["3f2a is still being made. Cancel it first."]);
    expect([stage.offers.length, chose.mock.calls.length]).toEqual([0, 0]);
  });
});

describe("search and filters", () => {
  it("search a moment after the last letter", async () => {
    await show();
    const before = kernel.of("browse").length;
    await type("A fox, 1");
    await type("A fox, 19");
    await pass(SEARCH_MS - 1);
    expect(kernel.of("browse").length).toBe(before);
    await pass(1);
    await pass();
    expect(kernel.of("browse")[before]).toEqual({ ...VIEW, search: "A fox, 19", offset: 0, limit: 60 });
    expect(kernel.of("browse").some(({ search }) => search === "A fox, 1")).toBe(false);
    expect(bar().textContent).toContain("111 of 200 clips");
    expect(stage.said).toEqual(["111 of 200 clips"]);
    expect(keys()[0]).toBe("c19/0");
  });

  it("say at least how many there are until they are counted, and then say it aloud", async () => {
    await show();
    const answer = kernel.answers.get("browse");
    let count = (_: object) => {};
    kernel
      .on("browse", async (payload) => ({ ...(await answer?.(payload)), total: 60, uncounted: true }))
      .on("count", () => new Promise((resolve) => (count = resolve)));
    await type("A fox");
    await pass(SEARCH_MS);
    await pass();
    expect(bar().textContent).toContain("At least 60 of 200 clips");
    expect(stage.said).toEqual([]);
    count({ total: 111 });
    await pass();
    expect(bar().textContent).toContain("111 of 200 clips");
    expect(stage.said).toEqual(["111 of 200 clips"]);
  });

  it.each([
    ["Model", "veo-3.1-fast-generate-preview", { models: ["veo-3.1-fast-generate-preview"] }],
    ["Date", "7", { days: 7 }],
    ["Kind", "failed", { states: ["failed"] }],
    ["Rating", "4", { rating: 4 }],
    ["Rating", "starred", { states: ["starred"] }],
    ["Sweep", "s1a2", { sweep: "s1a2" }],
    ["Order", "rating", { order: "rating" }],
  ] as const)("%s narrows at once: %s", async (label, value, change) => {
    await show();
    await pick(label, value);
    expect(kernel.of("browse").at(-1)).toEqual({ ...VIEW, ...change, offset: 0, limit: 60 });
    expect((find(`select[aria-label="${label}"]`) as HTMLSelectElement).value).toBe(value);
  });

  it("keep the star when the kind changes, and let it go for a rating", async () => {
    await show();
    await pick("Rating", "starred");
    await pick("Kind", "joined");
    expect(kernel.of("browse").at(-1)?.["states"]).toEqual(["joined", "starred"]);
    await pick("Rating", "3");
    expect(kernel.of("browse").at(-1)).toMatchObject({ states: ["joined"], rating: 3 });
  });

  it("show in words what only code can set", async () => {
    kept = { ...VIEW, models: ["a", "b"], days: 3 };
    await show();
    const chosen = all("select").map((menu) => (menu as HTMLSelectElement).selectedOptions[0]?.textContent);
    expect(chosen).toContain("2 models");
    expect(chosen).toContain("Last 3 days");
  });

  it("are kept by the kernel once they settle, and shown again as it has them", async () => {
    await show();
    await pick("Date", "7");
    await pick("Order", "oldest");
    expect(kernel.of("view")).toEqual([]);
    await pass(KEEP_MS);
    expect(kernel.of("view")).toEqual([{ view: { ...VIEW, days: 7, order: "oldest" } }]);
    kept = { ...VIEW, days: 30 };
    await draw();
    await pass();
    expect(kernel.of("browse").at(-1)).toMatchObject({ days: 30 });
  });

  it("are not set back by what the kernel had before", async () => {
    await show();
    await pick("Date", "7");
    kept = { ...VIEW, rating: 5 };
    await draw();
    expect(kernel.of("browse").at(-1)).toMatchObject({ days: 7, rating: 0 });
  });

  it("are cleared all at once, but for the order", async () => {
    kept = { ...VIEW, days: 7, search: "zebra", order: "oldest" };
    await show();
    expect(find(".veo-gallery-empty").textContent).toContain("No clip is like that.");
    await click(button("Clear the filters"));
    await pass();
    expect(kernel.of("browse").at(-1)).toMatchObject({ days: 0, search: "", order: "oldest" });
    expect(keys().length).toBeGreaterThan(0);
  });

  it("stay where they are when the words are cleared with Escape", async () => {
    await show();
    await type("fox");
    const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
    await act(() => void find("input").dispatchEvent(event));
    expect([event.defaultPrevented, (find("input") as HTMLInputElement).value]).toEqual([true, ""]);
  });

  it("are only those that the library can answer", async () => {
    shared = { ...LIBRARY, models: LIBRARY.models.slice(0, 1), sweeps: [] };
    await show();
    expect(all("select").map((menu) => menu.getAttribute("aria-label"))).toEqual([
      "Date",
      "Kind",
      "Rating",
      "Order",
    ]);
  });
});

describe("a library that changes", () => {
  it("shows what is new at its start, with the same elements for the others", async () => {
    await show();
    const before = tile("c0/0");
    library = [exampleItem({ key: "new/0" }), ...library];
    await change();
    expect(keys()[0]).toBe("new/0");
    expect(tile("c0/0")).toBe(before);
  });

  it("moves nothing under somebody who has scrolled, and says what is above", async () => {
    await show();
    await scroll(2000);
    const seen = keys()[6] ?? "";
    const placeOf = () => [tile(seen).style.transform, box().scrollTop] as const;
    const onScreen = () => {
      const [transform, top] = placeOf();
      const [x, y] = transform.match(/-?\d+/g)?.map(Number) ?? [];
      return [x, (y ?? 0) - top];
    };
    const before = onScreen();
    library = [...["n1/0", "n2/0", "n3/0"].map((name) => exampleItem({ key: name })), ...library];
    await change();
    expect(onScreen()).toEqual(before);
    await click(button("3 new above"));
    expect(keys()[0]).toBe("n1/0");
    expect([box().scrollTop, button("3 new above")]).toEqual([0, undefined]);
  });

  it("shows a new rating in its place", async () => {
    await show();
    library[2] = exampleItem({ key: "c2/0", rating: 5, star: true });
    await change();
    expect(tile("c2/0").textContent).toContain("5");
    expect(tile("c2/0").querySelector(".veo-unseen")?.textContent).toContain("rated 5 of 5. starred");
  });

  it("shows nothing less while it is looked at anew", async () => {
    await show();
    kernel.on("browse", () => new Promise(() => {}));
    await change();
    expect(keys()).toEqual(library.slice(0, 20).map((one) => one.key));
    expect(bar().textContent).toContain("2,000 clips");
  });
});

describe("the height", () => {
  afterEach(() => localStorage.clear());

  const search = async (text: string) => {
    await type(text);
    await pass(SEARCH_MS);
    await pass(20);
  };

  it("is that of the clips, and that of all of them while a search shows few or none", async () => {
    await show();
    expect([box().style.height, box().style.minHeight]).toEqual(["", ""]);
    await search("A fox, 7");
    expect(box().style.minHeight).toBe("480px");
    await search("A walrus");
    expect(find(".veo-gallery-empty").style.minHeight).toBe("488px");
    await search("");
    expect(box().style.minHeight).toBe("");
  });

  it("is what a person sets with the edge, and is kept, until it is given back", async () => {
    await show();
    const edge = () => find(".veo-tiles-edge");
    await press(edge(), "ArrowDown");
    expect(box().style.height).toBe("520px");
    await act(() => {
      const point = (kind: string, clientY: number) =>
        edge().dispatchEvent(new PointerEvent(kind, { clientY, button: 0, pointerId: 1, bubbles: true }));
      edge().setPointerCapture = () => {};
      point("pointerdown", 1000);
      point("pointermove", 300);
      point("pointerup", 300);
      point("pointermove", 900);
    });
    expect(box().style.height).toBe("160px");
    await change();
    expect(box().style.height).toBe("160px");
    expect(localStorage.getItem("veo_nb.gallery-height")).toBe("160");
    await press(edge(), "Home");
    expect([box().style.height, localStorage.getItem("veo_nb.gallery-height")]).toEqual(["", null]);
  });
});

describe("words where there is nothing", () => {
  it("for an empty library say how a clip comes here", async () => {
    library = [];
    shared = { ...LIBRARY, total: 0, models: [], sweeps: [] };
    await show();
    expect(find(".veo-gallery-empty").textContent).toContain("Write a prompt and press Generate");
  });

  it("for a busy kernel say so, and offer to ask again", async () => {
    kernel.refuse("browse");
    await show();
    expect(bar().textContent).toContain("No answer from the kernel: it may be busy.");
    const before = kernel.of("browse").length;
    await click(button("Try again"));
    await pass();
    expect(kernel.of("browse").length).toBe(before + 1);
    await pass(2 * AGAIN_MS);
    expect(kernel.of("browse").length).toBe(before + 2);
  });

  it("count in plain words", () => {
    expect(countOf(undefined, 0, VIEW, true)).toBe("Looking into the library…");
    expect(countOf(1, 1, VIEW, false)).toBe("1 clip");
    expect(countOf(3, 212, { ...VIEW, rating: 4 }, false)).toBe("3 of 212 clips");
  });
});
