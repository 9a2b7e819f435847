import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Make, share, shared } from "../src/core/bundle";
import { TIMEOUT_MS } from "../src/core/connection";
import { GRACE_MS, loader } from "../src/loader";
import { exampleCard, NOW } from "./fixtures";
import { FakeModel } from "./kernel";

const SHELF = Symbol.for("veo_nb.bundle.@digest@");
const load = vi.fn(async (_script: string) => void share(bundle));
const [initialized, ended] = [vi.fn(), vi.fn()];
const bundle: Make = () => ({
  initialize({ signal }) {
    initialized();
    signal?.addEventListener("abort", ended);
    return () => {};
  },
  render({ el, signal }) {
    el.textContent = "drawn";
    signal?.addEventListener("abort", () => {
      el.textContent = "";
    });
    return () => {};
  },
});

let model: FakeModel;
let el: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  delete (globalThis as unknown as Record<symbol, unknown>)[SHELF];
  model = new FakeModel(exampleCard("running"));
  el = document.createElement("div");
});

afterEach(() => {
  vi.clearAllMocks();
  vi.useRealTimers();
  document.head.replaceChildren();
});

const pass = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));

describe("a model without the bundle", () => {
  it("takes that of the page at once, and asks nobody", () => {
    share(bundle);
    const end = loader(load)().render({ model: model.as(), el });
    expect(el.textContent).toBe("drawn");
    expect(model.sent).toEqual([]);
    end();
  });

  it("waits for the model that brings it, as after a reload", async () => {
    const made = loader(load)();
    made.initialize({ model: model.as() });
    made.render({ model: model.as(), el });
    await pass(GRACE_MS / 2);
    share(bundle);
    await pass(GRACE_MS);
    expect([el.textContent, initialized.mock.calls.length, model.sent.length]).toEqual(["drawn", 1, 0]);
  });

  it("asks the kernel where the page has lost it, once for all, and again while the kernel is busy", async () => {
    const others = [new FakeModel(exampleCard("queued")), new FakeModel(exampleCard("queued"))];
    for (const one of others) {
      loader(load)().render({ model: one.as(), el: document.createElement("div") });
    }
    await pass(GRACE_MS);
    loader(load)().render({ model: model.as(), el });
    await pass(GRACE_MS);
    const asked = () => [...others, model].flatMap(({ sent }) => sent).map(({ kind }) => kind);
    expect(asked()).toEqual(["bundle"]);
    await pass(TIMEOUT_MS);
    expect(asked()).toEqual(["bundle", "bundle"]);
    await act(async () => others[0]?.grant("bundle", { script: "a script", style: ".veo {}" }));
    await pass(0);
    expect(load.mock.calls).toEqual([["a script"]]);
    expect(document.head.querySelector("style")?.textContent).toBe(".veo {}");
    expect(el.textContent).toBe("drawn");
    expect(shared()).toBe(bundle);
  });

  it("says so where it can't be had", async () => {
    load.mockImplementationOnce(async () => {});
    loader(load)().render({ model: model.as(), el });
    await pass(GRACE_MS);
    await act(async () => model.grant("bundle", { script: "", style: "" }));
    await pass(0);
    expect(el.textContent).toBe("The front end could not be loaded: What came is not the bundle.");
  });

  it("does nothing for a view that is closed while it is looked for, and ends with it after", async () => {
    const made = loader(load)();
    const end = made.initialize({ model: model.as() });
    made.render({ model: model.as(), el })();
    await pass(GRACE_MS / 2);
    share(bundle);
    await pass(GRACE_MS);
    expect(el.textContent).toBe("");
    end();
    expect(ended).toHaveBeenCalledTimes(1);
  });
});
