import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JobCard, openCards, originsOf } from "../../src/card/card";
import { type Origins, STILL_MS } from "../../src/card/media";
import { KEPT_MS, KNOWN_MS } from "../../src/core/announce";
import type { KernelClock } from "../../src/core/clock";
import { connect } from "../../src/core/connection";
import { formatLine, spokenLine } from "../../src/core/line";
import { SILENT_MS } from "../../src/core/media/addresses";
import { SLOW_MS } from "../../src/core/media/bytes";
import type { Card } from "../../src/protocol.gen";
import { cards, exampleCard, NOW } from "../fixtures";
import { FakeModel } from "../kernel";
import { spoken } from "../spoken";

const clock = { now: () => Date.now() / 1000 };
let el: HTMLElement;
let model: FakeModel;
let controller: AbortController;
let request: ReturnType<typeof connect>;
let origins: Origins;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  el = document.body.appendChild(document.createElement("div"));
  model = new FakeModel(exampleCard("running"));
  controller = new AbortController();
  request = connect(model.as(), controller.signal);
  origins = originsOf(request, controller.signal);
});

afterEach(() => {
  render(null, el);
  controller.abort();
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function draw(card: Card) {
  await act(() => render(<JobCard card={card} clock={clock} request={request} origins={origins} />, el));
}

function find<E extends Element = HTMLElement>(selector: string): E {
  const found = el.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
}

const has = (selector: string) => el.querySelector(selector) !== null;
const line = () => find(".veo-line").textContent;

async function pass(seconds: number) {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(seconds * 1000);
  });
}

describe("every example card", () => {
  it.each(Object.entries(cards))("shows what it says: %s", async (_, card) => {
    await draw(card);
    expect(find(".veo-prompt p").textContent).toBe(card.prompt);
    expect(find(".veo-set").textContent).toBe(card.settings.join(" · "));
    expect(find(".veo-cost").textContent).toBe(card.cost);
    expect(has(".veo-tag")).toBe(card.tag !== "");
    expect(line()).toBe(formatLine(card.line, NOW));
    expect(find(".veo-id").textContent).toBe(card.id);
    expect([...el.querySelectorAll(".veo-button")].map((one) => one.textContent)).toEqual(
      card.actions.map(
        (action) =>
          ({ cancel: "Cancel", rerun: "Try again", finalize: `Make it final · ${card.final_cost}` })[action],
      ),
    );
    expect(el.querySelectorAll(".veo-box")).toHaveLength(Math.max(1, card.videos.length));
    expect(find(".veo-media").dataset["shape"]).toBe(card.shape);
  });

  it.each(Object.entries(cards))("names its state to those who can't see it: %s", async (_, card) => {
    await draw(card);
    expect(find("[role=group]").getAttribute("aria-label")).toBe(`Job ${card.id}`);
    expect(find(".veo-line svg[role=img]").getAttribute("aria-label")).toBe(card.state);
    expect(await spoken()).toEqual([]);
  });
});

describe("a draft", () => {
  it("is made final by its button, which says what that costs, once", async () => {
    await draw(exampleCard("draft"));
    const button = find(".veo-button") as HTMLButtonElement;
    expect(button.textContent).toBe("Make it final · about $0.70");
    await act(() => button.click());
    await act(() => button.click());
    expect(model.sent.map((message) => message.kind)).toEqual(["finalize"]);
    expect(button.textContent).toBe("Asking for it in full…");
  });

  it("says nothing of a price that nobody knows", async () => {
    await draw(exampleCard("draft", { final_cost: "" }));
    expect(find(".veo-button").textContent).toBe("Make it final");
  });
});

describe("hostile text", () => {
  it("stays text", async () => {
    await draw(exampleCard("hostile"));
    const mine = new Set(["DIV", "P", "SPAN", "BDI", "BUTTON", "CODE", "SVG", "PATH"]);
    const others = [...el.querySelectorAll("*")].filter((one) => !mine.has(one.tagName.toUpperCase()));
    expect(others).toEqual([]);
    expect(el.innerHTML).toContain("&lt;script&gt;");
  });

  it("reaches no address but images as data and videos on the web", async () => {
    const clip = {
      url: "javascript:alert(1)",
      beside: "javascript:alert(2)",
      size: 9,
      path: "x.mp4",
      label: "",
    };
    await draw(exampleCard("succeeded", { videos: [clip] }));
    expect(has("video")).toBe(false);
    expect(has("img")).toBe(false);
    await draw(exampleCard("failed", { backdrop: "https://elsewhere.example/x.jpg" }));
    expect(has("img")).toBe(false);
  });

  it("does not let a name written from right to left turn its neighbours around", async () => {
    await draw(exampleCard("running", { settings: ["fast", "from \u202egnp.exe"] }));
    expect([...el.querySelectorAll(".veo-set bdi")].map((one) => one.textContent)).toEqual([
      "fast",
      "from \u202egnp.exe",
    ]);
    expect(find(".veo-prompt p").dir).toBe("auto");
  });
});

describe("the live line", () => {
  it("counts on its own between two snapshots", async () => {
    await draw(exampleCard("running"));
    await pass(5);
    expect(line()).toBe("Generating · 0:47 · 20 to 40 s left");
    await pass(60);
    expect(line()).toBe("Generating · 1:47 · longer than 9 of 10 · up to 25 s left");
  });

  it("runs no timer for a card in which nothing counts", async () => {
    await draw(exampleCard("failed"));
    expect(vi.getTimerCount()).toBe(0);
    await draw(exampleCard("running"));
    // Until what is read out is gone.
    await pass((KNOWN_MS + KEPT_MS) / 1000);
    expect(vi.getTimerCount()).toBe(1);
    await draw(exampleCard("succeeded"));
    // For the still alone, once the clip has come.
    await act(() => void find("video").dispatchEvent(new Event("loadedmetadata")));
    await pass(STILL_MS / 1000);
    model.grant("poster", { kind: "" });
    model.grant("reached");
    await pass((KNOWN_MS + KEPT_MS) / 1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is read out when the state changes, not each second", async () => {
    await draw(exampleCard("queued"));
    await draw(exampleCard("submitting"));
    await draw(exampleCard("running"));
    expect(await spoken()).toEqual(["Job 3f2a: Generating · 25 to 50 s left"]);
    await pass(5);
    expect(line()).toContain("0:47");
    expect(await spoken()).toHaveLength(1);
    await pass(KEPT_MS / 1000);
    expect(await spoken()).toEqual([]);
  });

  it("says at the end how long it took, though the card is gone by then, and not the file's path", async () => {
    await draw(exampleCard("downloading"));
    await draw(exampleCard("succeeded"));
    render(null, el);
    expect(await spoken()).toEqual(["Job 3f2a: Made in 1:12 · about $1.20"]);
  });

  it("says why there is nothing", async () => {
    await draw(exampleCard("running"));
    await draw(exampleCard("blocked"));
    expect((await spoken()).join()).toContain("safety filter");
  });

  it("is told in steps where it is read out, and in seconds where it is seen", () => {
    const parts = exampleCard("running without a connection").line;
    const at = (seconds: number) => spokenLine(parts, NOW + seconds);
    expect(formatLine(parts, NOW)).toBe("No connection for 0:20. The provider goes on · next try in 5 s");
    expect(at(0)).toBe("No connection for 20 s. The provider goes on · next try in 5 s");
    expect([at(1), at(2), at(3)]).toEqual([at(0), at(0), at(0)]);
    expect(at(6)).toBe("No connection for 25 s. The provider goes on · trying again");
  });
});

describe("the keyboard's focus", () => {
  it("is with the notebook's cell when the card becomes its video", async () => {
    const cell = document.body.appendChild(document.createElement("div"));
    cell.className = "jp-Cell";
    cell.tabIndex = -1;
    cell.append(el);
    await act(() =>
      openCards().show({
        model: model.as(),
        el,
        clock: clock as KernelClock,
        request,
        signal: controller.signal,
      }),
    );
    find<HTMLButtonElement>(".veo-button").focus();
    // As Lab does it: out of the page first, and only then the view hears of it.
    el.remove();
    controller.abort();
    expect(document.activeElement).toBe(cell);
  });

  it("stays where somebody has taken it", async () => {
    await act(() =>
      openCards().show({
        model: model.as(),
        el,
        clock: clock as KernelClock,
        request,
        signal: controller.signal,
      }),
    );
    const elsewhere = document.body.appendChild(document.createElement("button"));
    find<HTMLButtonElement>(".veo-button").focus();
    elsewhere.focus();
    controller.abort();
    expect(document.activeElement).toBe(elsewhere);
  });
});

describe("the bar", () => {
  const share = () => Number(/scaleX\((.*)\)/.exec(find(".veo-bar div").style.transform)?.[1]);

  it("says in words how far it is, beside the number that it shows", async () => {
    await draw(exampleCard("running"));
    const bar = find("[role=progressbar]");
    expect(bar.getAttribute("aria-valuetext")).toBe("Generating · 25 to 50 s left");
    expect(bar.getAttribute("aria-valuenow")).toBe(String(Math.round(share() * 100)));
    await draw(exampleCard("downloading"));
    expect(find("[role=progressbar]").getAttribute("aria-valuenow")).toBe("65");
  });

  it("never moves backwards within a state", async () => {
    await draw(
      exampleCard("running", { progress: { kind: "estimate", since: NOW - 40, usual: 80, slope: 8 } }),
    );
    expect(share()).toBeCloseTo(0.5);
    await draw(
      exampleCard("running", { progress: { kind: "estimate", since: NOW - 40, usual: 160, slope: 8 } }),
    );
    expect(share()).toBeCloseTo(0.5);
    await draw(exampleCard("downloading", { progress: { kind: "transfer", done: 1, total: 10 } }));
    expect(share()).toBeCloseTo(0.1);
  });

  it("shows what the provider reports in place of a guess that was ahead of it, with its number", async () => {
    await draw(
      exampleCard("running", { progress: { kind: "estimate", since: NOW - 80, usual: 80, slope: 8 } }),
    );
    expect(share()).toBeCloseTo(0.87);
    await draw(exampleCard("running", { progress: { kind: "reported", share: 0.35 } }));
    expect(share()).toBeCloseTo(0.35);
    expect(find("[role=progressbar]").getAttribute("aria-valuenow")).toBe("35");
  });

  it("is not there when nothing is known", async () => {
    await draw(exampleCard("running", { progress: { kind: "estimate", since: NOW, usual: 0, slope: 8 } }));
    expect(has(".veo-bar")).toBe(false);
  });
});

describe("Cancel", () => {
  const button = () => find<HTMLButtonElement>(".veo-button");
  const click = () => act(() => button().click());

  it("asks the kernel once, however often it is pressed, and keeps the focus", async () => {
    await draw(exampleCard("running"));
    button().focus();
    await click();
    await click();
    expect(model.sent.map((message) => message.kind)).toEqual(["cancel"]);
    expect(button().textContent).toBe("Stopping…");
    expect(button().getAttribute("aria-disabled")).toBe("true");
    expect(document.activeElement).toBe(button());
  });

  it("goes on saying so when it is granted, until the card says that it stopped", async () => {
    await draw(exampleCard("running"));
    await click();
    await act(async () => model.grant("cancel"));
    expect(button().textContent).toBe("Stopping…");
    await draw(exampleCard("cancelled"));
    expect(has(".veo-button")).toBe(false);
  });

  it("shows a refusal in the line's place, reads it out, and can be tried again", async () => {
    await draw(exampleCard("running"));
    await click();
    await act(async () => model.refuse("cancel", "The job is being saved.", "It is here in a moment."));
    expect(line()).toBe("The job is being saved. It is here in a moment.");
    expect(await spoken()).toEqual(["The job is being saved. It is here in a moment."]);
    expect(button().textContent).toBe("Try again");
    await click();
    expect(model.sent).toHaveLength(2);
    expect(line()).toContain("Generating");
  });

  it("gives the line back after a while, and at once when the state changes", async () => {
    await draw(exampleCard("running"));
    await click();
    await act(async () => model.refuse("cancel", "No.", ""));
    await pass(20);
    expect(line()).toBe("Generating · 1:02 · up to 40 s left");
    expect(button().textContent).toBe("Cancel");
    await click();
    await act(async () => model.refuse("cancel", "No.", ""));
    expect(line()).toBe("No.");
    await draw(exampleCard("downloading"));
    expect(line()).toBe("Downloading · 3.1 of 4.8 MB");
  });

  it("says when the kernel does not answer, and that the job goes on", async () => {
    await draw(exampleCard("running"));
    await click();
    await pass(10);
    expect(line()).toBe("No answer from the kernel: it may be busy. The job goes on.");
  });
});

describe("Try again", () => {
  const button = () => find<HTMLButtonElement>(".veo-button");
  const click = () => act(() => button().click());

  it("asks the kernel once, and says so until the new job has taken the place", async () => {
    await draw(exampleCard("blocked"));
    await click();
    await click();
    expect(model.sent.map((message) => message.kind)).toEqual(["rerun"]);
    expect(button().textContent).toBe("Asking again…");
    await act(async () => model.grant("rerun"));
    expect(button().textContent).toBe("Asking again…");
    await draw(exampleCard("queued", { id: "9c01" }));
    expect(button().textContent).toBe("Cancel");
    expect(button().getAttribute("aria-disabled")).toBe("false");
  });

  it("can be pressed again when the next one is blocked too", async () => {
    await draw(exampleCard("blocked"));
    await click();
    await draw(exampleCard("blocked", { id: "9c01" }));
    expect(button().textContent).toBe("Try again");
    await click();
    expect(model.sent).toHaveLength(2);
  });

  it("shows why it was refused, beside the button", async () => {
    await draw(exampleCard("blocked"));
    await click();
    await act(async () => model.refuse("rerun", "It would go over the budget.", "Raise it first."));
    expect(line()).toBe("It would go over the budget. Raise it first.");
    expect(button().textContent).toBe("Try again");
  });
});

describe("the prompt", () => {
  const lay = (content: number, room: number) => {
    vi.spyOn(HTMLElement.prototype, "scrollHeight", "get").mockReturnValue(content);
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(room);
  };

  it("has no button when it fits", async () => {
    lay(40, 40);
    await draw(exampleCard("running"));
    expect(has(".veo-quiet")).toBe(false);
  });

  it("opens when it does not, can then be scrolled with the keyboard, and closes again", async () => {
    lay(400, 40);
    await draw(exampleCard("running", { prompt: "A fox. ".repeat(3000) }));
    expect(find(".veo-quiet").textContent).toBe("more");
    await act(() => find(".veo-quiet").click());
    expect(find(".veo-quiet").textContent).toBe("less");
    expect(find(".veo-quiet").getAttribute("aria-expanded")).toBe("true");
    expect(find(".veo-prompt p").tabIndex).toBe(0);
    await act(() => find(".veo-quiet").click());
    expect(find(".veo-quiet").textContent).toBe("more");
    expect(find(".veo-prompt p").hasAttribute("tabindex")).toBe(false);
  });
});

describe("the clip", () => {
  it("plays in place", async () => {
    const card = exampleCard("succeeded");
    await draw(card);
    const video = find<HTMLVideoElement>("video");
    expect(video.getAttribute("src")).toBe(card.videos[0]?.beside);
    expect([video.controls, video.loop, video.preload]).toEqual([true, true, "metadata"]);
    expect(video.hasAttribute("playsinline")).toBe(true);
  });

  it("asks for its still once it is known to stay, and takes nothing but a picture", async () => {
    const card = exampleCard("succeeded with two samples");
    await draw(card);
    expect(model.sent).toEqual([]);
    await pass(STILL_MS / 1000);
    expect(model.sent.map(({ kind, payload }) => [kind, payload])).toEqual([
      ["poster", { video: 0 }],
      ["poster", { video: 1 }],
    ]);
    const bytes = new DataView(new Uint8Array([9, 1, 2, 255]).buffer, 1);
    await act(() => model.grant("poster", { kind: "image/webp" }, [bytes]));
    await pass(0);
    const posters = () => [...el.querySelectorAll("video")].map((one) => one.getAttribute("poster"));
    expect(posters()).toEqual([null, "data:image/webp;base64,AQL/"]);
    await draw({ ...card, cost: "about $1.40" });
    expect(posters()[1]).toBe("data:image/webp;base64,AQL/");
    expect(model.sent).toHaveLength(2);
  });

  it("asks for no still where it is gone at once", async () => {
    await draw(exampleCard("succeeded"));
    await act(() => render(null, el));
    await pass(STILL_MS / 1000);
    expect(model.sent).toEqual([]);
  });

  it("stands beside its siblings under its own name", async () => {
    await draw(exampleCard("succeeded with two samples"));
    expect([...el.querySelectorAll("figcaption")].map((one) => one.textContent)).toEqual([
      "sample 1",
      "sample 2",
    ]);
    expect([...el.querySelectorAll("video")].map((one) => one.getAttribute("aria-label"))).toEqual([
      "sample 1",
      "sample 2",
    ]);
  });

  it("says where it is when its file is gone", async () => {
    const [clip] = exampleCard("succeeded out of reach").videos;
    if (clip === undefined) throw new Error("the example has a clip");
    await draw(exampleCard("succeeded", { videos: [{ ...clip, size: 0 }] }));
    expect(has("video")).toBe(false);
    expect(find(".veo-saved").textContent).toBe(
      "Saved as /mnt/team/veo_library/2026-11-22/fox-3f2a.mp4Run the cell again to show it here.",
    );
    expect(model.sent.map(({ kind }) => kind)).not.toContain("reached");
  });
});

describe("a clip whose address the page can't fetch", () => {
  const reached = () => model.sent.filter(({ kind }) => kind === "reached").map(({ payload }) => payload);
  const offset = () => model.last("video").payload["offset"];
  const piece = (size: number, next: number) =>
    act(async () => {
      model.grant("video", { size, next }, [new DataView(new ArrayBuffer(next - Number(offset())))]);
      await vi.advanceTimersByTimeAsync(0);
    });
  const button = (text: string) => {
    const found = [...el.querySelectorAll("button")].find((one) => one.textContent?.includes(text));
    if (found === undefined) throw new Error(`no button says "${text}"`);
    return found;
  };
  const error = () => act(() => void find("video").dispatchEvent(new Event("error")));

  it("tries the one beside the notebook, then that on the server, by which HTML alone would not play", async () => {
    await draw(exampleCard("succeeded"));
    expect(find("video").getAttribute("src")).toBe("veo_library/2026-11-22/fox-3f2a.mp4");
    await error();
    expect(find("video").getAttribute("src")).toBe("/files/veo_library/2026-11-22/fox-3f2a.mp4");
    await act(() => void find("video").dispatchEvent(new Event("loadedmetadata")));
    expect(reached()).toEqual([{ plays: false, apart: true }]);
  });

  it("tries that on the server where the notebook makes the other one into it", async () => {
    document.body.appendChild(document.createElement("div")).className = "jp-Notebook";
    await draw(exampleCard("succeeded"));
    expect(find("video").getAttribute("src")).toBe("/files/veo_library/2026-11-22/fox-3f2a.mp4");
    await act(() => void find("video").dispatchEvent(new Event("loadedmetadata")));
    expect(reached()).toEqual([{ plays: true, apart: false }]);
  });

  it("knows a page that has the notebook around its outputs", async () => {
    document.body.appendChild(document.createElement("div")).className = "cm-editor";
    await draw(exampleCard("succeeded"));
    await error();
    await error();
    expect(reached()).toEqual([{ plays: false, apart: false }]);
  });

  it("gives up a host that answers nothing, but not while nobody looks", async () => {
    await draw(exampleCard("succeeded"));
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    await act(() => void document.dispatchEvent(new Event("visibilitychange")));
    await pass(60);
    expect(find("video").getAttribute("src")).not.toContain("/files/");
    hidden.mockReturnValue(false);
    await act(() => void document.dispatchEvent(new Event("visibilitychange")));
    await pass(SILENT_MS / 1000);
    await pass(SILENT_MS / 1000);
    expect(button("Play").textContent).toBe("Play · 4.8 MB");
    expect(reached()).toEqual([{ plays: false, apart: true }]);
  });

  it("comes as bytes at the first click, says how far it is, and is let go of with the view", async () => {
    const made = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:clip");
    const revoked = vi.spyOn(URL, "revokeObjectURL");
    await draw(exampleCard("succeeded out of reach"));
    expect(model.sent.map(({ kind }) => kind)).not.toContain("video");
    await act(() => button("Play").click());
    expect(model.last("video").payload).toEqual({ video: 0, offset: 0 });
    await piece(4812345, 3_100_000);
    expect(find(".veo-saved").textContent).toBe("Fetching · 3.1 of 4.8 MB");
    await pass(SLOW_MS / 1000);
    expect(find(".veo-saved").textContent).toContain("no answer from the kernel yet");
    await piece(4812345, 4812345);
    expect(find("video").getAttribute("src")).toBe("blob:clip");
    expect((made.mock.lastCall?.[0] as Blob | undefined)?.size).toBe(4812345);
    controller.abort();
    expect(revoked).toHaveBeenCalledWith("blob:clip");
  });

  it("says that it broke off in the middle, and goes on from there", async () => {
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:clip");
    await draw(exampleCard("succeeded out of reach"));
    await act(() => button("Play").click());
    await piece(4812345, 2_000_000);
    await pass(31);
    expect(find("[role=alert]").textContent).toContain("The clip broke off at 2.0 of 4.8 MB. No answer");
    await act(() => button("Try again").click());
    expect(offset()).toBe(2_000_000);
    await piece(4812345, 4812345);
    expect(find("video").getAttribute("src")).toBe("blob:clip");
  });

  it("is saved without being played", async () => {
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:clip");
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      expect([this.href, this.download]).toEqual(["blob:clip", "fox-3f2a.mp4"]);
    });
    await draw(exampleCard("succeeded out of reach"));
    await act(() => button("Save the file").click());
    await piece(4812345, 4812345);
    await pass(0);
    expect(clicked).toHaveBeenCalledTimes(1);
    expect(has("video")).toBe(false);
  });
});

describe("the keyboard", () => {
  it("is the card's own while the focus is in it", async () => {
    await draw(exampleCard("running"));
    expect(find(".veo-card").dataset["lmSuppressShortcuts"]).toBe("true");
  });

  const cellAround = () => {
    const cell = document.body.appendChild(document.createElement("div"));
    cell.className = "jp-Cell";
    cell.tabIndex = -1;
    cell.append(el);
    return cell;
  };

  it("gets out with Escape, back to the cell", async () => {
    const cell = cellAround();
    await draw(exampleCard("running"));
    const button = find(".veo-button");
    button.focus();
    button.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    expect(document.activeElement).toBe(button);
    button.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(document.activeElement).toBe(cell);
  });

  it("is back at the cell when the button that had it goes", async () => {
    const cell = cellAround();
    await draw(exampleCard("running"));
    find(".veo-button").focus();
    await draw(exampleCard("cancelled"));
    expect(document.activeElement).toBe(cell);
  });

  it("stays where it is when the button goes that did not have it", async () => {
    cellAround();
    const editor = document.body.appendChild(document.createElement("input"));
    await draw(exampleCard("running"));
    editor.focus();
    await draw(exampleCard("cancelled"));
    expect(document.activeElement).toBe(editor);
  });
});
