import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import define, { showComparison } from "../../src/compare";
import { SETTLE_MS } from "../../src/compare/view";
import { TIMEOUT_MS } from "../../src/core/connection";
import type { Card, ComparisonCommand, ShownPair, Turn } from "../../src/protocol.gen";
import { comparisonExamples } from "../fixtures";
import { FakeSight, fakeVideos } from "../grid/video";
import { FakeModel } from "../kernel";

const { comparing } = comparisonExamples;
const turns = structuredClone(comparisonExamples.turns);

let host: AbortController;
let model: FakeModel;
let el: HTMLElement;
let reduced: boolean;
let served: Set<string>;

beforeEach(() => {
  vi.useFakeTimers();
  fakeVideos();
  FakeSight.install();
  reduced = false;
  vi.stubGlobal("matchMedia", () => ({ matches: reduced }));
  // Object URLs name nothing; the server has what a test says.
  served = new Set(["/files/a.mp4", "/files/b.mp4", "/files/c.mp4"]);
  let made = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => `blob:clip-${++made}`);
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
  vi.stubGlobal("fetch", async (address: string) => ({
    ok: served.has(address),
    blob: async () => new Blob(["clip"], { type: "video/mp4" }),
  }));
  localStorage.clear();
  host = new AbortController();
  el = document.body.appendChild(document.createElement("div"));
});

afterEach(async () => {
  await act(() => host.abort());
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  document.body.replaceChildren();
});

const pass = (milliseconds = 0) => act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
const find = <E extends HTMLElement>(selector: string) => {
  const found = document.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
};
const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const named = (text: string) =>
  all<HTMLButtonElement>("button").find((one) => one.textContent?.includes(text)) ?? find("no such button");
const key = (name: string, more: KeyboardEventInit = {}) =>
  act(
    () =>
      void find(".veo-compare-stage").dispatchEvent(
        new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }),
      ),
  );
const click = (element: Element) =>
  act(() => void element.dispatchEvent(new MouseEvent("click", { bubbles: true })));
const sent = (kind: ComparisonCommand) =>
  model.sent.filter((one) => one.kind === kind).map(({ payload }) => payload);
const grant = async (kind: ComparisonCommand, ok: object) => {
  await act(() => model.grant(kind, ok));
  await pass(20);
};
const refuse = async (...refusal: Parameters<FakeModel["refuse"]>) => {
  await act(() => model.refuse(...refusal));
  await pass(20);
};
const spoken = () => find("[aria-live]").textContent;

async function open(changes: object = {}): Promise<void> {
  model = new FakeModel({} as Card, "comparison");
  model.set({ comparison: { ...comparing, ...changes }, version: 0 });
  const widget = define();
  await act(() => {
    widget.initialize({ model: model.as(), signal: host.signal });
    widget.render({ model: model.as(), el, signal: host.signal });
  });
}

/** The first pair, with both stills and both clips. */
async function openPair(turn: Turn = turns["first"] as Turn): Promise<void> {
  await open({ voter: "ann" });
  await grant("turn", turn);
  if (turn.pair !== null) await showStills();
}
async function showStills(): Promise<void> {
  await pass(20);
  const { clips } = sent("posters").at(-1) as { clips: string[] };
  await grant("posters", {
    posters: Object.fromEntries(clips.map((one) => [one, `data:image/jpeg;base64,${one}`])),
  });
  await loaded();
}
const loaded = async () => {
  await act(() => {
    for (const video of all("video")) video.dispatchEvent(new Event("loadeddata"));
  });
  await pass(SETTLE_MS);
};

describe("the voter's name", () => {
  it("is asked first, and remembered", async () => {
    await open();
    expect(model.sent.filter(({ kind }) => kind === "turn")).toEqual([]);
    await click(named("Start"));
    expect(find("[role=alert]").textContent).toContain("Type a name first");
    await act(() => {
      const input = find<HTMLInputElement>("input");
      input.value = "  ann   b ";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await act(
      () => void find("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })),
    );
    expect(sent("turn")).toEqual([{ comparison: comparing.id, voter: "ann b" }]);
    await act(() => host.abort());
    document.body.replaceChildren();
    host = new AbortController();
    el = document.body.appendChild(document.createElement("div"));
    await open();
    expect(sent("turn")).toEqual([{ comparison: comparing.id, voter: "ann b" }]);
  });

  it("is what the cell says, whatever the browser remembers", async () => {
    localStorage.setItem("veo_nb.voter", "bob");
    await open({ voter: "ann" });
    expect(sent("turn")).toEqual([{ comparison: comparing.id, voter: "ann" }]);
  });

  it("can be changed, and the pair is the other one's then", async () => {
    await openPair();
    await click(named("change"));
    const input = find<HTMLInputElement>("input");
    expect(input.value).toBe("ann");
    await act(() => {
      input.value = "bob";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await act(
      () => void find("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })),
    );
    expect(sent("turn").at(-1)).toEqual({ comparison: comparing.id, voter: "bob" });
  });
});

describe("a pair", () => {
  it("tells nothing of its clips", async () => {
    await openPair();
    const pair = turns["first"]?.pair as ShownPair;
    const html = el.outerHTML;
    for (const { key: clip, url } of [pair.left, pair.right]) {
      expect(html).not.toContain(url);
      // The still of this test carries its clip's key, as no still does.
      expect(html.replaceAll(/src="data:[^"]*"/g, "")).not.toContain(clip);
    }
    expect(all("video").map((one) => one.getAttribute("src")?.startsWith("blob:"))).toEqual([true, true]);
    expect(all("[title]")).toEqual([]);
    expect(all("video").map((one) => one.getAttribute("aria-label"))).toEqual(["Left clip", "Right clip"]);
    expect(all("img").map((one) => one.getAttribute("alt"))).toEqual(["", ""]);
  });

  it("appears at one moment, and plays together by itself", async () => {
    await open({ voter: "ann" });
    await grant("turn", turns["first"] as Turn);
    const sides = find(".veo-compare-sides");
    expect(sides.dataset["ready"]).toBe("false");
    await pass(20);
    const [left, right] = all<HTMLVideoElement>("video");
    await act(() => void left?.dispatchEvent(new Event("loadeddata")));
    await pass(500);
    expect([sides.dataset["ready"], left?.paused]).toEqual(["false", true]);
    await act(() => void right?.dispatchEvent(new Event("loadeddata")));
    await pass(1000);
    expect([sides.dataset["ready"], left?.paused, right?.paused]).toEqual(["true", false, false]);
    expect(Math.abs((left?.currentTime ?? 0) - (right?.currentTime ?? 9))).toBeLessThan(0.05);
  });

  it("stands still where motion is not wanted, until it is played", async () => {
    reduced = true;
    await openPair();
    await pass(2000);
    const videos = all<HTMLVideoElement>("video");
    expect(videos.map((one) => one.paused)).toEqual([true, true]);
    await key(" ");
    await pass(1000);
    expect(videos.map((one) => one.paused)).toEqual([false, false]);
  });

  it("comes through the kernel where the server does not have it", async () => {
    served.clear();
    await openPair();
    expect(sent("video").map((payload) => payload["offset"])).toEqual([0, 0]);
    expect(all("video")).toHaveLength(0);
  });

  it("says which side can't be shown, and not which file", async () => {
    const turn = structuredClone(turns["first"] as Turn);
    if (turn.pair) turn.pair.right.here = false;
    await open({ voter: "ann" });
    await grant("turn", turn);
    expect(find('[aria-label="Right clip"]').textContent).toBe(
      "Its file is not there any more. Skip this pair.",
    );
  });

  it("is heard one side at a time", async () => {
    await openPair();
    const loud = () => all<HTMLVideoElement>("video").map((one) => !one.muted);
    const heard = [loud()];
    for (let i = 0; i < 3; i++) {
      await key("m");
      heard.push(loud());
    }
    expect(heard).toEqual([
      [false, false],
      [true, false],
      [false, true],
      [false, false],
    ]);
  });
});

describe("a vote", () => {
  it.each([
    ["ArrowLeft", "left"],
    ["ArrowRight", "right"],
    ["t", "tie"],
    ["s", "skip"],
    ["2", "right"],
  ])("is given with %s: %s", async (name, choice) => {
    await openPair();
    await pass(2000);
    await key(name);
    const [payload] = sent("vote");
    expect(payload).toMatchObject({ comparison: comparing.id, voter: "ann", pair: "p1", choice });
    expect(payload?.["seconds"]).toBeGreaterThan(1.5);
    expect(payload?.["seconds"]).toBeLessThan(2.5);
    await grant("vote", turns["second"] as Turn);
    expect(spoken()).toMatch(choice === "skip" ? /^Skipped. Pair 2.$/ : /^Vote saved: .* Pair 2.$/);
    expect(find(".veo-compare-progress").textContent).toBe(turns["second"]?.progress);
  });

  it("is given by a button, and the next keys are for the clips", async () => {
    await openPair();
    await click(named("The right one is better"));
    expect(sent("vote")[0]).toMatchObject({ choice: "right" });
    expect(document.activeElement?.className).toBe("veo-compare-stage");
  });

  it("does not count time while the page is hidden", async () => {
    await openPair();
    await pass(1000);
    let hidden = true;
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(60_000);
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    await key("ArrowLeft");
    expect(sent("vote")[0]?.["seconds"]).toBeLessThan(2);
  });

  it("has no time where the clips never played", async () => {
    reduced = true;
    await openPair();
    await key("ArrowLeft");
    expect(sent("vote")[0]?.["seconds"]).toBeNull();
  });

  it("is one vote however long its key is held, and though the next pair comes meanwhile", async () => {
    await openPair();
    await key("ArrowLeft");
    for (let i = 0; i < 5; i++) await key("ArrowLeft", { repeat: true });
    await grant("vote", turns["second"] as Turn);
    for (let i = 0; i < 5; i++) await key("ArrowLeft", { repeat: true });
    // Some keyboards say of none that it is held.
    await key("ArrowLeft");
    expect(sent("vote")).toHaveLength(1);
    await showStills();
    await key("ArrowLeft", { repeat: true });
    expect(sent("vote")).toHaveLength(1);
    await key("ArrowLeft");
    expect(sent("vote").map((payload) => payload["pair"])).toEqual(["p1", "p2"]);
  });

  it("stays with its pair where it could not be saved, and goes out again as the same", async () => {
    await openPair();
    await key("ArrowLeft");
    await refuse("vote", "The disk is full.", "Make room, then vote again.");
    expect(find("[role=alert]").textContent).toContain("The disk is full. Make room, then vote again.");
    expect(find("[role=alert]").textContent).toContain("Your vote is not saved yet");
    const first = sent("vote")[0];
    await pass(5000);
    await click(named("Try again"));
    expect(sent("vote")).toEqual([first, first]);
    await grant("vote", turns["second"] as Turn);
    expect(all("[role=alert]")).toEqual([]);
  });

  it("is asked for under one id where the kernel gave no answer in time", async () => {
    await openPair();
    await key("ArrowLeft");
    await pass(TIMEOUT_MS);
    expect(find("[role=alert]").textContent).toContain("No answer from the kernel: it may be busy.");
    const { id } = model.last("vote");
    await click(named("Try again"));
    expect(model.last("vote").id).toBe(id);
  });

  it("that came through after all takes the words of its refusal away", async () => {
    await openPair();
    await key("ArrowLeft");
    await pass(TIMEOUT_MS);
    await act(() => model.set({ version: 1 }));
    await grant("turn", turns["second"] as Turn);
    expect(all("[role=alert]")).toEqual([]);
    expect(find(".veo-compare-progress").textContent).toBe(turns["second"]?.progress);
  });

  it("of somebody else changes the progress and leaves the pair", async () => {
    await openPair();
    const [video] = all("video");
    await act(() => model.set({ version: 1 }));
    await grant("turn", { ...(turns["first"] as Turn), progress: "0 votes; about 3 more" });
    expect(find(".veo-compare-progress").textContent).toBe("0 votes; about 3 more");
    expect(all("video")[0]).toBe(video);
  });

  it("is taken back with U, and there must be one", async () => {
    await openPair();
    await key("u");
    expect(sent("undo")).toEqual([]);
    await key("t");
    await grant("vote", turns["second"] as Turn);
    await key("z", { ctrlKey: true });
    expect(sent("undo")).toEqual([{ comparison: comparing.id, voter: "ann" }]);
    await grant("undo", turns["first"] as Turn);
    expect(spoken()).toBe("The last vote is taken back.");
  });
});

describe("the end", () => {
  it("offers what came out", async () => {
    await openPair(turns["over"] as Turn);
    expect(all("video")).toEqual([]);
    expect(find(".veo-compare-ended").textContent).toBe(turns["over"]?.ended);
    await click(named("Show the ranking"));
    expect(sent("outcome")).toEqual([{ comparison: comparing.id }]);
    await grant("outcome", { html: "<table><tr><td>dolly in</td></tr></table>" });
    expect(find(".veo-compare-outcome table").textContent).toBe("dolly in");
  });

  it("is not told before", async () => {
    await openPair();
    expect(all(".veo-compare-outcome")).toEqual([]);
  });

  it("says why there is no ranking", async () => {
    await openPair(turns["over"] as Turn);
    await click(named("Show the ranking"));
    await refuse("outcome", "Ranking needs evalica.", 'pip install "veo-nb[rank]"');
    expect(find("[role=alert]").textContent).toBe('Ranking needs evalica. pip install "veo-nb[rank]"');
  });
});

describe("without its kernel", () => {
  it("says how to go on, and sends nothing", async () => {
    await openPair();
    await act(async () => model.emit("comm_live_update"));
    expect(find("[role=status]").textContent).toContain(comparing.again);
    await key("ArrowLeft");
    expect(sent("vote")).toEqual([]);
  });
});

describe("in a panel", () => {
  it("has the keys at once, looks anew when it is told, and goes with its signal", async () => {
    const request = vi.fn(async () => turns["first"]);
    let refresh = () => {};
    await act(() => {
      refresh = showComparison(el, { ...comparing, voter: "ann" }, request as never, host.signal);
    });
    await pass(20);
    expect(document.activeElement?.className).toBe("veo-compare-stage");
    request.mockClear();
    await act(() => refresh());
    expect(request).toHaveBeenCalledWith("turn", { comparison: comparing.id, voter: "ann" });
    await act(() => host.abort());
    expect(el.childElementCount).toBe(0);
  });

  it("asks for the name in the field that has the keys", async () => {
    await act(() => void showComparison(el, comparing, vi.fn() as never, host.signal));
    expect(document.activeElement).toBe(find("input"));
  });
});

describe("its place", () => {
  it("is over the saved words, with the same clips in it", async () => {
    await openPair();
    const [video] = all("video");
    const saved = document.createElement("div");
    saved.dataset["veoCompare"] = comparing.token;
    saved.innerHTML = "<p>A blind comparison</p>";
    await act(() => {
      el.remove();
      document.body.append(saved);
    });
    await pass();
    expect(saved.querySelector("video")).toBe(video);
    expect(saved.dataset["live"]).toBe("true");
  });

  it("is left to the words only in a page that can lay the view over them", async () => {
    await open();
    expect(sent("settle")).toEqual([]);
    await act(() => host.abort());
    host = new AbortController();
    document.body.innerHTML = '<div class="jp-OutputArea"></div>';
    el = document.body.appendChild(document.createElement("div"));
    await open();
    expect(sent("settle")).toHaveLength(1);
  });

  it("leaves nothing behind", async () => {
    await openPair();
    await act(() => host.abort());
    expect(model.listening).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
