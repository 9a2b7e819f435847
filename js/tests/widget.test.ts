import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TIMEOUT_MS } from "../src/core/connection";
import define from "../src/widget";
import { exampleCard, NOW } from "./fixtures";
import { FakeModel } from "./kernel";

beforeEach(() => vi.useFakeTimers({ now: NOW * 1000 }));

const views: (() => void)[] = [];
afterEach(async () => {
  await act(() => {
    for (const end of views.splice(0)) end();
  });
  vi.restoreAllMocks();
  vi.useRealTimers();
  document.body.replaceChildren();
});

function stage(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

/** Draws a view, lets its effects run, and gives the function that ends it. */
async function show(
  widget: ReturnType<typeof define>,
  model: FakeModel,
  el: HTMLElement,
  signal?: AbortSignal,
) {
  let end = () => {};
  await act(() => {
    end = widget.render({ model: model.as(), el, ...(signal && { signal }) });
  });
  views.push(end);
  return end;
}

/** Counts the listeners on what outlives a view: the document, the window and the host's signal. */
function countListeners(...targets: EventTarget[]): () => number {
  const hanging = new Set<unknown>();
  for (const target of targets) {
    const add = target.addEventListener.bind(target);
    const remove = target.removeEventListener.bind(target);
    vi.spyOn(target, "addEventListener").mockImplementation((type, listener, options) => {
      hanging.add(listener);
      if (typeof options === "object")
        options.signal?.addEventListener("abort", () => hanging.delete(listener));
      add(type, listener, options);
    });
    vi.spyOn(target, "removeEventListener").mockImplementation((type, listener, options) => {
      hanging.delete(listener);
      remove(type, listener, options);
    });
  }
  return () => hanging.size;
}

describe("initialize", () => {
  it("asks for the time and does not wait for it", () => {
    const model = new FakeModel(exampleCard("running"));
    const end = define().initialize({ model: model.as() });
    expect(end).toBeTypeOf("function");
    expect(model.sent).toEqual([{ kind: "clock", id: expect.any(String), payload: {} }]);
  });

  it("sets the clock of the model's views", async () => {
    const model = new FakeModel(exampleCard("running"));
    const widget = define();
    views.push(widget.initialize({ model: model.as() }));
    const el = stage();
    await show(widget, model, el);
    expect(el.textContent).toContain("Generating · 0:42");
    await act(async () => {
      model.grant("clock", { now: NOW + 60 });
      await vi.advanceTimersByTimeAsync(1000);
    });
    expect(el.textContent).toContain("Generating · 1:43");
  });

  it.each(["answered", "not answered", "ended"])("leaves nothing behind when %s", async (how) => {
    const model = new FakeModel(exampleCard("running"));
    const end = define().initialize({ model: model.as() });
    expect([model.listening, vi.getTimerCount()]).toEqual([1, 1]);
    if (how === "answered") model.grant("clock", { now: NOW });
    if (how === "not answered") vi.advanceTimersByTime(TIMEOUT_MS);
    if (how === "ended") end();
    await vi.advanceTimersByTimeAsync(0);
    expect([model.listening, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe("render", () => {
  it("names a kind of view that it does not know, and says what helps", () => {
    const model = new FakeModel(exampleCard("running"), "<b>hologram");
    const el = stage();
    define().render({ model: model.as(), el });
    expect(el.textContent).toMatch(/"<b>hologram".*Reload/);
    expect(el.children).toHaveLength(0);
  });

  it("follows the trait", async () => {
    const model = new FakeModel(exampleCard("queued"));
    const el = stage();
    await show(define(), model, el);
    expect(el.textContent).toContain("Waiting for a free slot · 3 ahead");
    await act(() => model.write(exampleCard("downloading")));
    expect(el.textContent).toContain("Downloading · 3.1 of 4.8 MB");
  });

  it.each(["the host's signal", "the function returned"])("leaves nothing behind after %s", async (how) => {
    const model = new FakeModel(exampleCard("running"));
    const host = new AbortController();
    const el = stage();
    const listeners = countListeners(document, window, host.signal);
    const disconnects = vi.spyOn(ResizeObserver.prototype, "disconnect");
    const end = await show(define(), model, el, host.signal);
    await act(() => el.querySelector<HTMLButtonElement>(".veo-button")?.click());
    // The beat, and the time-out of the request.
    expect(vi.getTimerCount()).toBe(2);
    expect(model.listening).toBe(4);
    expect(listeners()).toBe(2); // Of the page's visibility, and of the host's signal.

    await act(() => (how === "the host's signal" ? host.abort() : end()));
    expect(el.childNodes).toHaveLength(0);
    expect(model.listening).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(disconnects).toHaveBeenCalledTimes(1);
    expect(listeners()).toBe(0);
  });

  it("shows all of another job that takes the place", async () => {
    const model = new FakeModel(exampleCard("blocked"));
    const el = stage();
    await show(define(), model, el);
    await act(() => model.write(exampleCard("blocked", { actions: [] })));
    await act(() => model.set({ opened: exampleCard("running"), changed: {} }));
    expect(el.textContent).toContain("Generating · 0:42");
    expect(el.querySelector(".veo-button")?.textContent).toBe("Cancel");
  });

  it("lets several views of one model live and die on their own", async () => {
    const model = new FakeModel(exampleCard("running"));
    const widget = define();
    const [one, two] = [stage(), stage()];
    const end = await show(widget, model, one);
    await show(widget, model, two);
    expect(vi.getTimerCount()).toBe(1);
    await act(() => end());
    await act(() => void vi.advanceTimersByTime(5000));
    expect(one.textContent).toBe("");
    expect(two.textContent).toContain("Generating · 0:47");
  });
});
