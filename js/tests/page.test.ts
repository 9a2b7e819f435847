import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { videoSource } from "../src/core/sources";
import { DWELL_MS } from "../src/core/ui/visibility";
import { openPage } from "../src/page";
import type { PageState } from "../src/protocol.gen";
import { exampleGrid, NOW } from "./fixtures";
import { FakeSight, fakeVideos } from "./grid/video";

let host: AbortController;
let place: HTMLElement;
let made: Blob[];
let revoked: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  fakeVideos();
  FakeSight.install();
  host = new AbortController();
  made = [];
  revoked = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => `blob:null/${made.push(blob as Blob)}`);
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void revoked.push(url));
  place = document.body.appendChild(document.createElement("main"));
  place.innerHTML = "<noscript>Allow scripts.</noscript>";
});

afterEach(async () => {
  await act(() => host.abort());
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The state of an export of the running example: two clips, and stills of them. */
function exampleState(): PageState {
  const { grid, summary, cells } = exampleGrid();
  for (const cell of cells) {
    cell.actions = [];
    for (const clip of cell.clips) clip.url = "";
  }
  return {
    grid,
    summary: { ...summary, line: ["3 of 7 done"], cost: [], actions: [] },
    cells,
    details: {
      "0": { prompt: "A <b>fox</b>", settings: ["fast", "16:9"], line: ["Made in 0:12"], measures: [[]] },
    },
    stills: { "0/0": "data:image/jpeg;base64,AAAA", "2/0": "https://elsewhere.example/x.jpg" },
  };
}

/** A clip as Python writes it into the page. */
function putClip(spot: string, base64: string): void {
  const element = document.body.appendChild(document.createElement("script"));
  element.type = "text/plain";
  element.dataset["clip"] = spot;
  element.textContent = base64;
}

async function open(state = exampleState()): Promise<void> {
  await act(() => openPage(place, state, host.signal));
  await act(() => FakeSight.see(() => true));
  await act(async () => void (await vi.advanceTimersByTimeAsync(0)));
}

const spot = (id: string) => {
  const found = place.querySelector<HTMLElement>(`[data-spot="${id}"]`);
  if (found === null) throw new Error(`no cell ${id}`);
  return found;
};
const press = async (...keys: string[]) => {
  for (const key of keys) {
    const target = document.activeElement === document.body ? spot("0/0") : document.activeElement;
    await act(
      () =>
        void target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })),
    );
    await act(async () => void (await vi.advanceTimersByTimeAsync(0)));
  }
};

describe("an exported page", () => {
  it("shows its state, and no words for those without scripts", async () => {
    await open();
    expect(place.textContent).toContain("3 of 7 done");
    expect(place.querySelector("noscript")).toBeNull();
    expect(place.querySelectorAll(".veo-cell")).toHaveLength(4);
    expect(place.querySelector(".veo-export")).toBeNull();
  });

  it("plays the clips that are in it, and holds each of them once", async () => {
    putClip("0/0", btoa("\x00\xfffox"));
    putClip("2/0", btoa("owl"));
    await open();
    expect(document.querySelector("script")).toBeNull();
    await press("k");
    await act(async () => void (await vi.advanceTimersByTimeAsync(DWELL_MS)));
    const sources = [...place.querySelectorAll("video")].map((video) => video.getAttribute("src"));
    expect(sources).toEqual(["blob:null/1", "blob:null/2"]);
    expect(made.map(({ type }) => type)).toEqual(["video/mp4", "video/mp4"]);
    expect(new Uint8Array((await made[0]?.arrayBuffer()) ?? [])).toEqual(
      new Uint8Array([0, 255, 102, 111, 120]),
    );
    await act(() => host.abort());
    expect(revoked).toEqual(["blob:null/1", "blob:null/2"]);
  });

  it("has its stills from the page and from nowhere else", async () => {
    await open();
    expect(spot("0/0").querySelector("img")?.src).toBe("data:image/jpeg;base64,AAAA");
    expect(spot("2/0").querySelector("img")).toBeNull();
  });

  it("keeps ratings, stars and notes in its own memory", async () => {
    await open();
    await act(() => spot("2/0").focus());
    await press("5", "s", "n");
    const box = place.querySelector("textarea");
    if (box === null) throw new Error("no note to write");
    box.value = "round";
    await act(() => void box.dispatchEvent(new Event("input", { bubbles: true })));
    box.focus();
    await press("Enter");
    expect(spot("2/0").getAttribute("aria-label")).toContain("rated 5 of 5, starred, note: round");
    await act(() => spot("2/0").focus());
    await press("0");
    expect(spot("2/0").getAttribute("aria-label")).toContain(": done, starred, note: round");
    expect(spot("0/0").getAttribute("aria-label")).toContain("rated 4 of 5");
  });

  it("knows all of a cell that is enlarged", async () => {
    await open();
    await act(() => spot("0/0").focus());
    await press("Enter");
    expect(place.querySelector(".veo-recipe")?.textContent).toBe("A <b>fox</b>fast · 16:9");
  });
});

describe("the address of a clip beside a page", () => {
  it("is one on disk only where the page is too", () => {
    expect(videoSource("file:///tmp/x.mp4")).toBe("");
    vi.stubGlobal("location", { protocol: "file:" });
    expect(videoSource("file:///tmp/x.mp4")).toBe("file:///tmp/x.mp4");
    expect(videoSource("javascript:alert(1)")).toBe("");
    expect(videoSource("data:video/mp4;base64,AAAA")).toBe("");
  });
});
