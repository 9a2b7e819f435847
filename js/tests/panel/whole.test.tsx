import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatLine } from "../../src/core/line";
import define from "../../src/panel";
import { ROWS } from "../../src/protocol.gen";
import { examplePanel, type PanelState, panelExamples } from "../fixtures";
import { FakeModel } from "../kernel";

let model: FakeModel;
let el: HTMLElement;
let host: AbortController;
let open: Map<EventTarget, Set<unknown>>;
let urls: Set<string>;

/** Counts what listens to the page, and which object URLs are not revoked. */
function count(): void {
  open = new Map([document, window].map((target) => [target, new Set()]));
  for (const [target, listeners] of open) {
    const [add, remove] = [target.addEventListener.bind(target), target.removeEventListener.bind(target)];
    vi.spyOn(target, "addEventListener").mockImplementation((type, listener, options) => {
      listeners.add(listener);
      const signal = typeof options === "object" ? options.signal : undefined;
      signal?.addEventListener("abort", () => listeners.delete(listener));
      add(type, listener, options);
    });
    vi.spyOn(target, "removeEventListener").mockImplementation((type, listener, options) => {
      listeners.delete(listener);
      remove(type, listener, options);
    });
  }
  urls = new Set();
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    const url = `blob:${urls.size + 1}`;
    urls.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void urls.delete(url));
}
const listening = () => [...open.values()].reduce((sum, { size }) => sum + size, 0);

beforeEach(() => {
  vi.useFakeTimers({ now: panelExamples.now * 1000 });
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(720);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(480);
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, "load").mockImplementation(() => {});
  count();
});

afterEach(() => {
  host.abort();
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (milliseconds: number) =>
  act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
const grant = async (kind: "browse" | "posters" | "video", answer: object, buffers?: DataView[]) => {
  await act(() => model.grant(kind, answer, buffers));
  await pass(20);
};

async function show({ rows, library, ...state }: PanelState): Promise<void> {
  const { models, sweeps, ...known } = library;
  const slots = Array.from({ length: ROWS }, (_, at) => [`row_${at}`, rows[at] ?? {}]);
  model = FakeModel.ofPanel({
    ...state,
    ...Object.fromEntries(slots),
    library: known,
    shelves: { models, sweeps },
  });
  host = new AbortController();
  el = document.body.appendChild(document.createElement("div"));
  await act(() => void define().render({ model: model.as(), el, signal: host.signal }));
  await grant("browse", { total: panelExamples.items.length, items: panelExamples.items });
}

describe("every example panel", () => {
  it.each(Object.keys(panelExamples.panels))("shows its queue and its gallery: %s", async (name) => {
    const state = examplePanel(name);
    await show(state);
    const lines = [...el.querySelectorAll(".veo-job")].map((row) => [
      (row as HTMLElement).dataset["job"],
      row.querySelector(".veo-job-line")?.textContent,
    ]);
    const byJob = new Map(state.rows.map((row) => [row.job, row]));
    expect(lines).toEqual(
      state.queue.order.map((job) => [job, formatLine(byJob.get(job)?.line ?? [], panelExamples.now)]),
    );
    const tiles = [...el.querySelectorAll<HTMLElement>(".veo-tile[data-key]")].map(
      (tile) => tile.dataset["key"],
    );
    expect(tiles).toEqual(panelExamples.items.map(({ key }) => key));
    expect(el.querySelectorAll(".veo-queue b, .veo-tile b, script")).toHaveLength(0);
  });
});

describe("a view that goes", () => {
  it("leaves nothing: no listener, no timer, no object URL", async () => {
    await show(examplePanel("running"));
    const [item] = panelExamples.items;
    const tile = el.querySelector(".veo-tile[data-key]") as HTMLElement;
    await act(() => void tile.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" })));
    await pass(1000);
    await act(() => void tile.querySelector("video")?.dispatchEvent(new Event("error")));
    await grant("video", { size: 4, next: 4 }, [new DataView(new ArrayBuffer(4))]);
    expect(item?.key).toBe(tile.dataset["key"]);
    expect(urls.size).toBe(1);
    expect(model.listening).toBeGreaterThan(0);
    await act(() => host.abort());
    await pass(100);
    expect([urls.size, model.listening, listening(), el.childElementCount, vi.getTimerCount()]).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });
});
