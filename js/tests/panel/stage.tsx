// A context for parts of the panel, and a kernel behind it that answers as the test says.

import { type ComponentChildren, render } from "preact";
import { act } from "preact/test-utils";
import { vi } from "vitest";
import { askWith, RequestError } from "../../src/core/connection";
import { Stills } from "../../src/core/media/stills";
import { Sources } from "../../src/core/media/videos";
import type { Library } from "../../src/panel/context";
import { type AskPanel, type Panel, PanelContext } from "../../src/panel/context";
import type { PanelRequest } from "../../src/panel/request";
import type { GalleryView, Item, PanelCommand, Row } from "../../src/protocol.gen";

export const NOW = 1_764_100_000;

export type Answering = (payload: never) => object | Promise<object>;

/** What was asked, in order, and how each kind of command is answered; the others never are. */
export class FakeKernel {
  readonly sent: { kind: PanelCommand; payload: Record<string, unknown> }[] = [];
  readonly answers = new Map<PanelCommand, Answering>();

  readonly request = (async (kind: PanelCommand, payload: object) => {
    this.sent.push({ kind: kind, payload: payload as Record<string, unknown> });
    const answer = this.answers.get(kind);
    if (answer === undefined) return new Promise(() => {});
    return (await answer(payload as never)) as Record<string, unknown>;
  }) as PanelRequest;

  on(kind: PanelCommand, answer: Answering): this {
    this.answers.set(kind, answer);
    return this;
  }

  refuse(kind: PanelCommand, message = "No answer from the kernel: it may be busy.", hint = ""): this {
    return this.on(kind, () => Promise.reject(new RequestError("timeout", message, hint)));
  }

  /** The payloads of this kind that were sent. */
  of(kind: PanelCommand): Record<string, unknown>[] {
    return this.sent.filter((one) => one.kind === kind).map(({ payload }) => payload);
  }
}

export interface Stage {
  kernel: FakeKernel;
  panel: Panel;
  host: AbortController;
  el: HTMLElement;
  show: (children: ComponentChildren) => Promise<void>;
  /** What was said to the person, in order. */
  said: string[];
  offers: { text: string; label: string; action: () => void }[];
}

/** A context on the page; `end` it after the test. */
export function openStage(kernel = new FakeKernel(), changes: Partial<Panel> = {}): Stage {
  const host = new AbortController();
  const el = document.body.appendChild(document.createElement("div"));
  const said: string[] = [];
  const offers: Stage["offers"] = [];
  const say = (text: string) => void said.push(text);
  const panel: Panel = {
    ask: askWith<AskPanel>(kernel.request, say),
    request: kernel.request,
    say,
    offer: (text, label, action) => void offers.push({ text, label, action }),
    open: vi.fn(),
    close: vi.fn(),
    compose: vi.fn(),
    chosen: [],
    choose: vi.fn(),
    stills: new Stills(kernel.request, host.signal),
    sources: new Sources(kernel.request, host.signal),
    clock: { now: () => Date.now() / 1000 },
    signal: host.signal,
    ...changes,
  };
  const show = (children: ComponentChildren) =>
    act(() => render(<PanelContext.Provider value={panel}>{children}</PanelContext.Provider>, el));
  return { kernel, panel, host, el, show, said, offers };
}

/** What the host does when the view goes. */
export async function closeStage({ host, el }: Stage): Promise<void> {
  await act(() => render(null, el));
  host.abort();
  el.remove();
}

export const pass = (milliseconds = 0) =>
  act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));

export const press = (target: Element, key: string, more: KeyboardEventInit = {}) =>
  act(
    () =>
      void target.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }),
      ),
  );

export const click = (target: Element | null | undefined, more: MouseEventInit = {}) =>
  act(() => {
    if (!target) throw new Error("nothing to click");
    target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...more }));
  });

export function exampleItem(changes: Partial<Item> = {}): Item {
  return {
    key: "3f2a/0",
    job: "3f2a",
    kind: "clip",
    state: "succeeded",
    prompt: "A fox crosses a frozen lake.",
    settings: "fast · 16:9 · 720p · 8 s",
    shape: "16:9",
    url: "/files/fox-3f2a.mp4",
    path: "veo_library/2025-11-25/fox-3f2a.mp4",
    bytes: 3_000_000,
    duration: 8,
    fps: 24,
    here: true,
    rating: 0,
    star: false,
    note: "",
    sweep: "",
    made: NOW - 3600,
    ...changes,
  };
}

export function exampleRow(changes: Partial<Row> = {}): Row {
  return {
    job: "3f2a",
    state: "running",
    prompt: "A fox crosses a frozen lake.",
    settings: "fast · 16:9",
    line: ["Generating", { clock: "since", at: NOW - 42 }],
    progress: { kind: "estimate", since: NOW - 42, usual: 84, slope: 8 },
    actions: ["cancel"],
    ...changes,
  };
}

export const VIEW: GalleryView = {
  search: "",
  models: [],
  states: [],
  rating: 0,
  sweep: "",
  days: 0,
  order: "newest",
};

export const LIBRARY: Library = {
  version: 1,
  total: 200,
  models: [
    { value: "veo-3.1-generate-preview", label: "standard", group: "" },
    { value: "veo-3.1-fast-generate-preview", label: "fast", group: "" },
  ],
  sweeps: [{ id: "s1a2", title: "animal × time" }],
  cost: "",
};
