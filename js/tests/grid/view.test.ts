import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatLine } from "../../src/core/line";
import { SPARE_MS } from "../../src/core/tree";
import { DWELL_MS } from "../../src/core/ui/visibility";
import { SAVED } from "../../src/grid/mount";
import type { GridCell, GridCommand } from "../../src/protocol.gen";
import define from "../../src/widget";
import { exampleGrid, type GridState, gridExamples, NOW } from "../fixtures";
import { FakeModel } from "../kernel";
import { spoken } from "../spoken";
import { FakeSight, fakeVideos } from "./video";

let host: AbortController;
let model: FakeModel;
let el: HTMLElement;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  fakeVideos();
  FakeSight.install();
  host = new AbortController();
});

// Where an address on the server is what is tried first.
beforeEach(() => document.body.classList.add("jp-Notebook"));
afterEach(async () => {
  document.body.classList.remove("jp-Notebook");
  await act(() => host.abort());
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function show(state: GridState = exampleGrid()): Promise<void> {
  model = FakeModel.ofGrid(state);
  el = document.body.appendChild(document.createElement("div"));
  el.className = "jp-Cell";
  el.tabIndex = -1;
  const widget = define();
  await act(() => {
    widget.initialize({ model: model.as(), signal: host.signal });
    model.grant("clock", { now: NOW });
    end = widget.render({ model: model.as(), el });
  });
  await see();
}

/** Scroll, and stay there for so many milliseconds. */
const see = (wanted: (element: Element, margin: string) => boolean = () => true, ms = DWELL_MS) =>
  act(async () => {
    FakeSight.see(wanted);
    await vi.advanceTimersByTimeAsync(ms);
  });
/** Something that the kernel does, and all that follows from it. */
const kernel = (does: () => void) =>
  act(async () => {
    does();
    await vi.advanceTimersByTimeAsync(0);
  });
const pass = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const find = <E extends Element = HTMLElement>(selector: string): E => {
  const found = document.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
};
const all = <E extends Element = HTMLElement>(selector: string) => [
  ...document.querySelectorAll<E>(selector),
];
const has = (selector: string) => document.querySelector(selector) !== null;
const spot = (id: string) => find(`[data-spot="${id}"]`);
const active = () => find('.veo-cell[tabindex="0"]').dataset["spot"];
const press = (key: string, on: Element = document.activeElement ?? spot("0/0")) =>
  act(() => void on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));
const click = (selector: string) => act(() => find(selector).click());
const sent = (kind: GridCommand) =>
  model.sent.filter((message) => message.kind === kind).map(({ payload }) => payload);
const said = async () => (await spoken()).at(-1);
const start = async (state?: GridState) => {
  await show(state);
  await act(() => spot(active() ?? "").focus());
};

describe("every example grid", () => {
  it.each(Object.entries(gridExamples.grids))("shows what it says: %s", async (_, state) => {
    await show(structuredClone(state));
    expect(find(".veo-summary-line span:last-child").textContent).toBe(formatLine(state.summary.line, NOW));
    expect(find(".veo-summary-cost").textContent).toBe(formatLine(state.summary.cost, NOW));
    expect(has(".veo-tag")).toBe(state.grid.tag !== "");
    expect(all(".veo-summary-end button")).toHaveLength(state.summary.actions.length);
  });

  it("stays text where it is hostile", async () => {
    await show(exampleGrid("two samples of one axis"));
    expect(has("script, i[title], .veo-cell b")).toBe(false);
    expect(document.body.innerHTML).toContain("&lt;script&gt;");
  });
});

describe("the table", () => {
  it("has a head for each row and column, and a box of the final shape in every place", async () => {
    await show();
    expect(all("[role=columnheader]").map((one) => one.textContent)).toEqual([
      "animal / time",
      "dawn",
      "dusk",
    ]);
    expect(all("[role=rowheader]").map((one) => one.textContent)).toEqual(["fox", "owl"]);
    expect(all("[role=gridcell] .veo-box").map((one) => one.dataset["shape"])).toEqual(Array(4).fill("16:9"));
  });

  it("says in each cell what happens, and counts", async () => {
    await show();
    expect(spot("1/0").textContent).toContain("Generating · 0:42 · 30 to 50 s left");
    await pass(5000);
    expect(spot("1/0").textContent).toContain("Generating · 0:47");
    expect(spot("3/0").textContent).toContain('"<b>no owls</b>"');
  });

  it("does not count where nobody looks", async () => {
    await show();
    await see(() => false);
    const before = spot("1/0").textContent;
    await pass(3000);
    expect(spot("1/0").textContent).toBe(before);
  });

  it("says in small words why a combination is not made", async () => {
    await show();
    await act(() => {
      const menu = all<HTMLSelectElement>(".veo-menu select")[2];
      if (menu === undefined) throw new Error("no menu of the third axis");
      menu.value = "1";
      menu.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(spot("7/0").querySelector(".veo-empty")?.textContent).toBe("1080p needs 16:9");
    expect(spot("4/0").querySelector(".veo-box")?.getAttribute("data-shape")).toBe("9:16");
  });

  it("names each cell to those who can't see it, with what is thought of it", async () => {
    await show();
    expect(spot("0/0").getAttribute("aria-label")).toBe(
      "fox, dawn, aspect_ratio 16:9: done, rated 4 of 5, starred, note: the ears are right",
    );
  });

  it("keeps the name of a cell while the focus is on it, until its state changes", async () => {
    await show();
    const running = exampleGrid().cells.find(({ state }) => state === "running");
    if (running === undefined) throw new Error("no cell is running");
    const cell = spot(`${running.key}/0`);
    const name = () => cell.getAttribute("aria-label");
    await act(() => cell.focus());
    const before = name();
    await act(() => vi.advanceTimersByTimeAsync(30_000).then(() => {}));
    expect(cell.textContent).not.toContain("0:42");
    expect(name()).toBe(before);
    await kernel(() =>
      model.set({
        cells_0: exampleGrid().cells.map((one) =>
          one.key === running.key ? { ...one, state: "failed", line: ["Failed: no"], progress: null } : one,
        ),
      }),
    );
    expect(name()).toContain("Failed: no");
  });

  it("keeps the focus in a cell whose button has done what it was there for", async () => {
    await show();
    const button = find('[data-spot="1/0"] .veo-undone button');
    await act(() => button.focus());
    await kernel(() => model.set({ cells_0: exampleGrid().cells.map((one) => ({ ...one, actions: [] })) }));
    expect(document.activeElement).toBe(spot("1/0"));
  });

  it("follows the traits", async () => {
    await show();
    const cells = exampleGrid().cells;
    cells[1] = { ...cells[0], key: "1", place: [0, 1, 0], clips: [] } as (typeof cells)[0];
    await act(() =>
      model.set({ cells_0: cells, summary: { ...exampleGrid().summary, line: ["all of it"] } }),
    );
    expect(find(".veo-summary-line").textContent).toContain("all of it");
    expect(spot("1/0").dataset["state"]).toBe("succeeded");
  });

  it("has samples as an axis of their own", async () => {
    await show(exampleGrid("two samples of one axis"));
    expect(all(".veo-menu span").map((one) => one.textContent)).toEqual([
      "rows",
      "columns",
      "sample",
      "cell size",
    ]);
  });

  it("has cells of the size that was chosen, by menu or key, in every view and the next time", async () => {
    const menu = () => all<HTMLSelectElement>(".veo-menu select").at(-1) as HTMLSelectElement;
    const widths = () => all(".veo-table").map((one) => one.style.getPropertyValue("--veo-size"));
    await show();
    const other = document.body.appendChild(document.createElement("div"));
    let leave = (): unknown => undefined;
    await act(() => {
      leave = define().render({ model: model.as(), el: other }) as typeof leave;
    });
    expect(widths()).toEqual(["", ""]);
    await act(() => {
      menu().value = "320";
      menu().dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(widths()).toEqual(["320px", "320px"]);
    vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(320);
    await press("-", spot("0/0"));
    expect([widths(), menu().value]).toEqual([["240px", "240px"], "240"]);
    expect(await said()).toBe("Cells of 240 pixels");
    expect(localStorage.getItem("veo_nb.cell-size")).toBe("240");
    await act(() => void leave());
    localStorage.clear();
  });
});

describe("pictures", () => {
  it("are asked for when a cell comes on screen, once", async () => {
    await show();
    expect(sent("poster").map(({ cell }) => cell)).toEqual(["0", "2"]);
    await kernel(() =>
      model.grant("poster", { kind: "image/webp" }, [new DataView(new Uint8Array([0, 0, 0]).buffer)]),
    );
    await see(() => false);
    await see();
    expect(sent("poster").filter(({ cell }) => cell === "2")).toHaveLength(1);
    expect(spot("2/0").querySelector("img")?.src).toBe("data:image/webp;base64,AAAA");
  });

  it("are asked for again when the kernel did not answer", async () => {
    await show();
    await kernel(() => model.refuse("poster", "Busy.", ""));
    await see(() => false);
    await see();
    expect(sent("poster").filter(({ cell }) => cell === "2")).toHaveLength(2);
  });

  it("are pictures and nothing else", async () => {
    await show();
    const page = new DataView(new TextEncoder().encode("<script>").buffer as ArrayBuffer);
    await kernel(() => model.grant("poster", { kind: "text/html" }, [page]));
    expect(has(".veo-cell img")).toBe(false);
  });
});

describe("playing", () => {
  it("loads no video before, and then only those on screen", async () => {
    await start();
    expect(has("video")).toBe(false);
    await see((element) => (element as HTMLElement).dataset["spot"] === "2/0");
    await press("k");
    expect(all("video").map((one) => one.closest<HTMLElement>(".veo-cell")?.dataset["spot"])).toEqual([
      "2/0",
    ]);
    await see();
    expect(all("video")).toHaveLength(2);
  });

  it("loads no video that is only scrolled past", async () => {
    await start();
    await see(() => false);
    await press("k");
    await see(() => true, DWELL_MS - 1);
    await see(() => false);
    expect(has("video")).toBe(false);
    await see(() => true, DWELL_MS - 1);
    expect(has("video")).toBe(false);
    await pass(1);
    expect(all("video")).toHaveLength(2);
  });

  it("loads no video that is only near the screen", async () => {
    await start();
    await press("k");
    await see((_, margin) => margin !== "0px");
    expect(has("video")).toBe(false);
  });

  it("says on its button what it will do", async () => {
    await start();
    const text = () => find(".veo-play").textContent;
    expect(text()).toBe("Play all");
    await press(" ");
    expect(text()).toBe("Pause");
    await pass(2000);
    expect(find(".veo-time").textContent).toMatch(/0:01\.[0-9]/);
    await press("k");
    expect(text()).toBe("Play all");
  });

  it("lets one cell be heard, and shows which", async () => {
    await start();
    await press("k");
    await press("m");
    expect(all<HTMLVideoElement>("video").map((one) => one.muted)).toEqual([false, true]);
    expect(all(".veo-heard")).toHaveLength(1);
    await press("m");
    expect(all<HTMLVideoElement>("video").map((one) => one.muted)).toEqual([true, true]);
  });

  const withCopies = (state = exampleGrid()) => {
    for (const clip of state.cells.flatMap((cell) => cell.clips)) clip.preview = `${clip.url}.small`;
    return state;
  };
  const sources = () => all("video").map((one) => one.getAttribute("src"));

  it("plays small copies in the cells, the clips themselves where they are large", async () => {
    await start(withCopies());
    await press("k");
    expect(sources()).toEqual([
      "/files/veo_library/fox-3f2a.mp4.small",
      "/files/veo_library/owl-77aa.mp4.small",
    ]);
    await press("Enter");
    expect(sources()).toEqual(["/files/veo_library/fox-3f2a.mp4"]);
  });

  it("lays the clip over its small copy, which has no sound, while it is heard", async () => {
    await start(withCopies());
    await press("k");
    const [copy] = all("video");
    await press("m");
    expect(sources().slice(0, 2)).toEqual([
      "/files/veo_library/fox-3f2a.mp4.small",
      "/files/veo_library/fox-3f2a.mp4",
    ]);
    expect(all("video")[0]).toBe(copy);
    await press("m");
    expect(sources()).toHaveLength(2);
    expect(all("video")[0]).toBe(copy);
  });

  it("goes on with the clip that it plays when a copy comes, and takes that the next time", async () => {
    await start();
    await press("k");
    const before = all("video");
    await kernel(() => model.set({ cells_0: withCopies().cells }));
    expect(all("video")).toEqual(before);
    await see(() => false);
    expect(has("video")).toBe(false);
    await see();
    expect(sources()[0]).toBe("/files/veo_library/fox-3f2a.mp4.small");
  });

  it("plays the clip itself where its copy is gone, or is no address", async () => {
    const state = withCopies();
    const second = state.cells[2]?.clips[0];
    if (second !== undefined) second.preview = "javascript:alert(1)";
    await start(state);
    await press("k");
    expect(sources()[1]).toBe("/files/veo_library/owl-77aa.mp4");
    await act(() => void find("video").dispatchEvent(new Event("error")));
    expect(sources()).toEqual(["/files/veo_library/fox-3f2a.mp4", "/files/veo_library/owl-77aa.mp4"]);
  });

  it("rests in the cells while a clip is enlarged", async () => {
    await start();
    await press("k");
    await press("Enter");
    expect(all("video").map((one) => one.closest("dialog") !== null)).toEqual([true]);
    await press("Escape");
    expect(all("video")).toHaveLength(2);
  });
});

describe("the keyboard", () => {
  it("comes in at one cell, moves with the arrows, and stays within the table", async () => {
    await start();
    expect(all('.veo-cell[tabindex="0"]')).toHaveLength(1);
    await press("ArrowRight");
    expect([active(), document.activeElement]).toEqual(["1/0", spot("1/0")]);
    await press("ArrowDown");
    await press("ArrowDown");
    await press("ArrowRight");
    expect(active()).toBe("3/0");
    await press("ArrowLeft");
    await press("ArrowUp");
    expect(active()).toBe("0/0");
  });

  it("rates, stars and clears, shows it at once, and reads it out", async () => {
    await start();
    await press("ArrowDown");
    await press("5");
    expect(sent("rate")).toEqual([{ cell: "2", sample: 0, rating: 5 }]);
    expect(spot("2/0").querySelectorAll('[data-full="true"]')).toHaveLength(5);
    expect(await said()).toBe("Rated 5 of 5");
    await press("Enter");
    await press("3");
    // What is below a dialog is not read out.
    await spoken();
    expect(find("dialog [data-veo-spoken]").textContent).toBe("Rated 3 of 5");
    await press("Escape");
    await press("s");
    expect(sent("star")).toEqual([{ cell: "2", sample: 0, star: true }]);
    await press("0");
    expect(sent("rate").at(-1)).toEqual({ cell: "2", sample: 0, rating: 0 });
  });

  it("takes back what the kernel refuses, and says why", async () => {
    await start();
    await press("1");
    await kernel(() => model.refuse("rate", "The ledger is locked.", "Try again."));
    expect(spot("0/0").querySelectorAll('[data-full="true"]')).toHaveLength(4);
    expect(find(".veo-summary-line").textContent).toContain("The ledger is locked. Try again.");
    await pass(9000);
    expect(find(".veo-summary-line").textContent).toContain("3 of 7 done");
  });

  it("writes a note: Enter saves, Escape does not", async () => {
    await start();
    await press("n");
    const box = () => find<HTMLTextAreaElement>("textarea");
    expect(box().value).toBe("the ears are right");
    box().value = "<b>good</b> ";
    await act(() => void box().dispatchEvent(new Event("input", { bubbles: true })));
    await press("Enter", box());
    expect(sent("note")).toEqual([{ cell: "0", sample: 0, note: "<b>good</b>" }]);
    await press("n", spot("0/0"));
    await press("Escape", box());
    expect(has("textarea")).toBe(false);
    expect(sent("note")).toHaveLength(1);
  });

  it("can't mark what is not there", async () => {
    await start();
    await press("ArrowRight");
    for (const key of ["4", "s", "n", "x", "m"]) await press(key);
    expect(model.sent.some(({ kind }) => ["rate", "star", "note"].includes(kind))).toBe(false);
    expect(has("dialog, .veo-chosen")).toBe(false);
  });

  it("shows the keys, does nothing else meanwhile, and goes out with Escape step by step", async () => {
    await start();
    await press("?");
    expect(find("dialog").textContent).toContain("one frame back or on");
    await press("5");
    expect(sent("rate")).toEqual([]);
    await press("Escape");
    expect(has("dialog")).toBe(false);
    await press("Escape", spot("0/0"));
    expect(document.activeElement).toBe(el);
  });

  it("is back at its cell when what was open is closed", async () => {
    await start();
    await press("ArrowDown");
    await press("Enter");
    await press("Escape");
    expect(document.activeElement).toBe(spot("2/0"));
  });
});

const MEASURED = { label: "Motion", value: "6.5 %/s", about: "How far the picture moves in a second." };

describe("enlarged", () => {
  it("asks for all that is known of the cell, and shows the next with the arrows", async () => {
    await start();
    await press("Enter");
    expect(sent("details")).toEqual([{ cell: "0" }]);
    await kernel(() =>
      model.grant("details", {
        prompt: "A <b>fox</b>",
        settings: ["fast", "16:9"],
        line: ["Made in 0:12"],
        measures: [[MEASURED]],
      }),
    );
    expect(find(".veo-recipe").textContent).toBe("A <b>fox</b>fast · 16:9");
    expect(find(".veo-measures").textContent).toBe("Motion6.5 %/s");
    await press("ArrowDown");
    expect(find("dialog h2").textContent).toBe("animal owl, time dawn, aspect_ratio 16:9");
    expect(has(".veo-recipe")).toBe(false);
  });

  it("says all of a failure, and lets it be tried again", async () => {
    await start();
    await press("ArrowDown");
    await press("ArrowRight");
    await press("Enter");
    expect(find(".veo-nothing").textContent).toContain("no owls");
    await click(".veo-about .veo-button");
    expect(sent("rerun-job")).toEqual([{ job: "b2b2" }]);
  });
});

describe("comparing", () => {
  const compare = async () => {
    await start();
    await press("x");
    await press("ArrowDown");
    await press("x");
    await press("c");
  };

  it("needs two, and says so", async () => {
    await start();
    await press("x");
    await press("c");
    expect(has("dialog")).toBe(false);
    expect(find(".veo-summary-line").textContent).toContain("Choose two clips");
  });

  it("shows the two side by side, each under what it differs in", async () => {
    await compare();
    expect(all("figcaption").map((one) => one.textContent)).toEqual(["A fox", "B owl"]);
    expect(find(".veo-panes").dataset["mode"]).toBe("beside");
    await press("h");
    expect(has("figcaption")).toBe(false);
  });

  it("wipes, shows the difference, and goes back to side by side", async () => {
    await compare();
    await press("w");
    expect(find(".veo-panes").dataset["mode"]).toBe("wipe");
    await press("ArrowRight", find(".veo-wipe"));
    expect(find(".veo-wipe").getAttribute("aria-valuenow")).toBe("52");
    expect(find(".veo-panes").style.getPropertyValue("--veo-wipe")).toBe("52%");
    await press("d");
    expect(find(".veo-panes").dataset["mode"]).toBe("difference");
    await press("d");
    expect(find(".veo-panes").dataset["mode"]).toBe("beside");
  });

  it("zooms both together and shows the whole again on a double click", async () => {
    await compare();
    await press("+");
    expect(find(".veo-panes").style.getPropertyValue("--veo-zoom")).toBe("1.25");
    await act(() => void find(".veo-pane").dispatchEvent(new MouseEvent("dblclick", { bubbles: true })));
    expect(find(".veo-panes").style.getPropertyValue("--veo-zoom")).toBe("1");
  });

  it("rates each under its picture, and by no key, since it must be clear which is meant", async () => {
    await compare();
    await press("5");
    expect(sent("rate")).toEqual([]);
    await click('.veo-judge [aria-label="B: owl"] [aria-label="Rate 2 of 5"]');
    expect(sent("rate")).toEqual([{ cell: "2", sample: 0, rating: 2 }]);
  });

  it("lets go of the second for a third, and of one that is chosen again", async () => {
    await start();
    await click('[data-spot="0/0"] [aria-label="Choose for comparing"]');
    expect(spot("0/0").parentElement?.getAttribute("aria-selected")).toBe("true");
    await press("x", spot("0/0"));
    expect(has(".veo-chosen")).toBe(false);
  });
});

describe("export", () => {
  const pick = async (text: string) => {
    const menu = find<HTMLSelectElement>(".veo-export");
    menu.value = text;
    await act(() => void menu.dispatchEvent(new Event("change", { bubbles: true })));
    return menu;
  };

  it("asks for the kind that was chosen, and says where it is", async () => {
    await show();
    const menu = await pick("Video");
    expect(sent("export")).toEqual([{ ending: ".mp4" }]);
    expect(menu.value).toBe("Export");
    await kernel(() => model.grant("export", { text: "Written to sweep-s3f2a.mp4" }));
    expect(find(".veo-summary-line").textContent).toContain("Written to sweep-s3f2a.mp4");
    await pick("Folder");
    expect(sent("export").at(-1)).toEqual({ ending: "" });
  });

  it("says why there is none", async () => {
    await show();
    await pick("Page");
    await kernel(() => model.refuse("export", "The clips are 300 MB.", "Use embed=False."));
    expect(find(".veo-summary-line").textContent).toContain("The clips are 300 MB. Use embed=False.");
  });
});

describe("commands about all of it", () => {
  it.each([
    ["Pause", "pause", "Pausing…"],
    ["Try failed again", "rerun", "Trying again…"],
    ["Cancel all", "cancel-all", "Stopping…"],
  ] as const)("%s is asked once", async (label, kind, asked) => {
    await show();
    const button = all<HTMLButtonElement>(".veo-summary-end button").find((one) => one.textContent === label);
    await act(() => button?.click());
    await act(() => button?.click());
    expect(sent(kind)).toEqual([{}]);
    expect(button?.textContent).toBe(asked);
    await kernel(() => model.grant(kind));
    expect(button?.textContent).toBe(label);
  });

  it("fetch a clip that was made and did not come, and ask for nothing anew", async () => {
    await show();
    const cells = structuredClone(model.get("cells_0")) as GridCell[];
    const made = cells.map((cell) => (cell.job === "b2b2" ? { ...cell, actions: ["retry"] } : cell));
    await kernel(() => model.set({ cells_0: made }));
    const button = find('[data-spot="3/0"] .veo-undone button');
    expect(button.textContent).toBe("Fetch");
    await act(() => (button as HTMLButtonElement).click());
    expect([sent("retry-job"), sent("rerun-job")]).toEqual([[{ job: "b2b2" }], []]);
  });

  it("make a draft final in its cell, and the starred ones together, for what they say it costs", async () => {
    await show();
    const cells = structuredClone(model.get("cells_0")) as GridCell[];
    const [first] = cells as [GridCell];
    const drafts = [{ ...first, actions: ["finalize"], final_cost: "about $0.70" }, ...cells.slice(1)];
    const summary = {
      ...exampleGrid().summary,
      actions: ["finalize"],
      finals: "Make 2 starred final · about $1.40",
    };
    await kernel(() => model.set({ cells_0: drafts, summary }));
    expect(find(".veo-summary-end button").textContent).toBe("Make 2 starred final · about $1.40");
    await click(".veo-summary-end button");
    await click(`[data-spot="${first.key}/0"] [aria-label="Make it final: about $0.70"]`);
    expect([sent("finalize"), sent("finalize-job")]).toEqual([[{}], [{ job: first.job }]]);
  });

  it("are about one job in its cell", async () => {
    await show();
    await click('[data-spot="1/0"] .veo-undone button');
    await click('[data-spot="3/0"] .veo-undone button');
    expect([sent("cancel-job"), sent("rerun-job")]).toEqual([[{ job: "9c01" }], [{ job: "b2b2" }]]);
  });

  it("leave the focus in the grid when their button goes", async () => {
    await show();
    find(".veo-summary-end button").focus();
    await kernel(() => model.set({ summary: { ...exampleGrid().summary, actions: [] } }));
    expect(document.activeElement).toBe(spot("0/0"));
    expect(await said()).toContain("3 of 7 done");
  });
});

describe("where the grid is", () => {
  const saved = () => {
    const host = document.createElement("div");
    host.setAttribute(SAVED, exampleGrid().grid.token);
    host.innerHTML = "<p>the saved table</p>";
    return host;
  };

  it("moves over the saved table with all that is chosen, open and loaded", async () => {
    await start();
    await press("x");
    await press("k");
    await press("ArrowDown");
    const before = find("video");
    await act(() => end());
    expect(has(".veo-grid")).toBe(false);
    const host = saved();
    await act(async () => void el.append(host));
    expect(host.contains(spot("0/0"))).toBe(true);
    expect(host.hasAttribute("data-live")).toBe(true);
    expect(find("video")).toBe(before);
    expect(has(".veo-chosen")).toBe(true);
    expect(document.activeElement).toBe(spot("2/0"));
  });

  it("moves on when the saved table is drawn anew, and shows again what was open", async () => {
    await start();
    await press("Enter");
    await act(() => end());
    await act(async () => void el.append(saved()));
    const again = saved();
    await act(async () => el.replaceChildren(again));
    expect(again.contains(find("dialog[open]"))).toBe(true);
    expect(all(".veo-grid")).toHaveLength(1);
  });

  it("lies over nothing but its own table", async () => {
    await show();
    await act(() => end());
    const other = saved();
    other.setAttribute(SAVED, "of another");
    await act(async () => void el.append(other));
    expect(other.textContent).toBe("the saved table");
  });

  it("comes to a saved table that is there when the page is opened", async () => {
    const host = document.body.appendChild(saved());
    model = FakeModel.ofGrid(exampleGrid());
    await act(() => void define().initialize({ model: model.as(), signal: host_().signal }));
    expect(host.querySelector(".veo-grid")).not.toBeNull();
  });
  const host_ = () => host;

  it("gives the saved table back when the kernel's model goes", async () => {
    const host_el = document.body.appendChild(saved());
    await show();
    await act(() => host.abort());
    expect(host_el.hasAttribute("data-live")).toBe(false);
    expect(host_el.textContent).toBe("the saved table");
  });
});

describe("what it leaves behind", () => {
  function countOpen() {
    const open = new Set<unknown>();
    for (const target of [document, window] as EventTarget[]) {
      const add = target.addEventListener.bind(target);
      const remove = target.removeEventListener.bind(target);
      vi.spyOn(target, "addEventListener").mockImplementation((type, listener, options) => {
        open.add(listener);
        add(type, listener, options);
      });
      vi.spyOn(target, "removeEventListener").mockImplementation((type, listener, options) => {
        open.delete(listener);
        remove(type, listener, options);
      });
    }
    return () => open.size;
  }

  it("is nothing once the view is gone and no table has taken its place", async () => {
    const mutations = { observe: 0, disconnect: 0 };
    vi.stubGlobal(
      "MutationObserver",
      class {
        observe() {
          mutations.observe += 1;
        }
        disconnect() {
          mutations.disconnect += 1;
        }
      },
    );
    const listeners = countOpen();
    await start();
    await press("k");
    await press("Enter");
    await press("?");
    await pass(1000);
    expect(listeners()).toBeGreaterThan(0);
    expect(model.listening).toBeGreaterThan(0);
    expect(FakeSight.all.some(({ watched }) => watched.size > 0)).toBe(true);

    await act(() => end());
    await pass(SPARE_MS + 20_000);
    expect(document.querySelector(".veo-grid-root")).toBeNull();
    expect([listeners(), model.listening, vi.getTimerCount()]).toEqual([0, 0, 0]);
    expect(FakeSight.all.every(({ watched }) => watched.size === 0)).toBe(true);
    expect(mutations).toEqual({ observe: 1, disconnect: 0 });
    await act(() => host.abort());
    expect(mutations.disconnect).toBe(1);
  });
});

describe("a page that can't fetch the clips", () => {
  it("plays them from their bytes, small ones in the cells, and offers to go on where they break off", async () => {
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:clip");
    const state = exampleGrid();
    for (const { clips } of state.cells) {
      for (const clip of clips) Object.assign(clip, { url: "", beside: "", small: 300 });
    }
    await start(state);
    expect(model.sent.filter(({ kind }) => kind === "reached").map(({ payload }) => payload)).toEqual([
      { plays: false, apart: false },
    ]);
    expect(model.sent.map(({ kind }) => kind)).not.toContain("video");
    await press("k");
    const [asked] = model.sent.filter(({ kind }) => kind === "video");
    if (asked === undefined) throw new Error("nothing is asked for");
    expect(asked.payload).toMatchObject({ sample: 0, small: true, offset: 0 });
    await act(async () => {
      model.emit(
        "msg:custom",
        { kind: "reply", id: asked.id, error: { code: "gone", message: "Its file is gone.", hint: "" } },
        [],
      );
      await vi.advanceTimersByTimeAsync(0);
    });
    const alert = document.querySelector(".veo-cell [role=alert]");
    expect(alert?.textContent).toContain("The clip broke off at 0.0 of 0.0 MB. Its file is gone.");
    await act(async () => {
      alert?.querySelector("button")?.click();
      await vi.advanceTimersByTimeAsync(0);
      model.grant("video", { size: 300, next: 300 }, [new DataView(new ArrayBuffer(300))]);
      await vi.advanceTimersByTimeAsync(0);
    });
    expect(document.querySelector(".veo-cell video")?.getAttribute("src")).toBe("blob:clip");
  });
});
