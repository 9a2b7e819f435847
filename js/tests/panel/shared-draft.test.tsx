import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../src/core/connection";
import type { PanelRequest } from "../../src/panel/request";
import { KEEP_MS, useDraft } from "../../src/panel/shared-draft";
import type { Draft, SharedDraft } from "../../src/protocol.gen";

const EMPTY: Draft = {
  prompt: "",
  variables: {},
  fields: {},
  image: [],
  last_frame: [],
  reference_images: [],
  video: "",
  edit: "",
  fit: "",
  take: 1,
  drafted: false,
};

let el: HTMLElement;
let host: AbortController;
let sent: { draft: Draft; by: string }[];
let answer: () => Promise<Record<string, unknown>>;
let draft: Draft;
let change: (next: (draft: Draft) => Draft) => void;

function Probe({ shared }: { shared: SharedDraft }) {
  [draft, change] = useDraft(shared, request as PanelRequest, host.signal);
  return <p>{draft.prompt}</p>;
}

const request = (_: string, payload: object = {}) => {
  sent.push(payload as { draft: Draft; by: string });
  return answer();
};

const show = (by: string, prompt: string) =>
  act(() => render(<Probe shared={{ by, draft: { ...EMPTY, prompt } }} />, el));
const type = (prompt: string) => act(() => change((now) => ({ ...now, prompt })));
const pass = (milliseconds: number) => act(() => void vi.advanceTimersByTime(milliseconds));

beforeEach(() => {
  vi.useFakeTimers();
  host = new AbortController();
  el = document.body.appendChild(document.createElement("div"));
  sent = [];
  answer = () => Promise.resolve({});
});

afterEach(async () => {
  await act(() => render(null, el));
  host.abort();
  el.remove();
  vi.useRealTimers();
});

describe("a draft", () => {
  it("changes at once and is kept a moment after the last letter", async () => {
    await show("", "");
    await type("A");
    await type("A fox");
    expect(el.textContent).toBe("A fox");
    await pass(KEEP_MS - 1);
    expect(sent).toEqual([]);
    await pass(1);
    expect(sent.map((one) => one.draft.prompt)).toEqual(["A fox"]);
  });

  it("takes over what another panel wrote", async () => {
    await show("", "");
    await show("another", "An owl");
    expect(el.textContent).toBe("An owl");
  });

  it("is not set back by its own echo", async () => {
    await show("", "");
    await type("A fox");
    await pass(KEEP_MS);
    await type("A fox runs");
    await show(sent[0]?.by ?? "", "A fox");
    expect(el.textContent).toBe("A fox runs");
  });

  it("is not set back by another panel while somebody types", async () => {
    await show("", "");
    await type("A fox");
    await show("another", "An owl");
    expect(el.textContent).toBe("A fox");
  });

  it("sends the last letters when the view goes or the page does", async () => {
    await show("", "");
    await type("A fox");
    window.dispatchEvent(new Event("pagehide"));
    expect(sent.map((one) => one.draft.prompt)).toEqual(["A fox"]);
    await type("A fox runs");
    await act(() => render(null, el));
    expect(sent.map((one) => one.draft.prompt)).toEqual(["A fox", "A fox runs"]);
  });

  it("stays as it is where the kernel is too busy to keep it", async () => {
    answer = () => Promise.reject(new RequestError("timeout", "No answer", ""));
    await show("", "");
    await type("A fox");
    await pass(KEEP_MS);
    expect(draft.prompt).toBe("A fox");
  });
});
