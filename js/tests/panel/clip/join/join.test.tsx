import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEADLINE_MS } from "../../../../src/panel/clip/join/join";
import { OpenLayer } from "../../../../src/panel/clip/layer";
import type { Details, Item } from "../../../../src/protocol.gen";
import { panelExamples } from "../../../fixtures";
import { fakeVideos } from "../../../grid/video";
import { spoken } from "../../../spoken";
import {
  click,
  closeStage,
  exampleItem,
  LIBRARY,
  openStage,
  pass,
  press,
  type Stage,
  VIEW,
} from "../../stage";

let stage: Stage;
let answer: (ok: object) => void;

const items: Item[] = [
  exampleItem(),
  exampleItem({ key: "77aa/0", job: "77aa", prompt: "An owl", url: "/files/owl.mp4" }),
  exampleItem({ key: "c4a7/0", job: "c4a7", prompt: "A cat", url: "/files/cat.mp4" }),
  exampleItem({ key: "gone/0", job: "gone", here: false }),
  exampleItem({ key: "nolength/0", job: "nolength", duration: 0, here: true }),
  exampleItem({ key: "j4k2/0", job: "j4k2", kind: "joined", here: false }),
];

function detailsOf(clip: string): Details {
  const item = items.find(({ key }) => key === clip) ?? exampleItem({ key: clip, job: clip });
  return { ...structuredClone(panelExamples.details["clip"] as Details), item };
}

beforeEach(() => {
  vi.useFakeTimers();
  fakeVideos();
  Element.prototype.setPointerCapture = () => {};
});

afterEach(async () => {
  await closeStage(stage);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function open(...clips: string[]): Promise<void> {
  stage = openStage();
  stage.kernel
    .on("details", ({ clip }: { clip: string }) => detailsOf(clip))
    .on("browse", () => ({ total: items.length, items }))
    .on("posters", () => ({ posters: {} }))
    .on("join", () => new Promise((resolve) => (answer = resolve)));
  await draw(clips);
}

async function draw(clips: string[]): Promise<void> {
  await stage.show(<OpenLayer layer={{ kind: "join", clips }} library={LIBRARY} view={VIEW} />);
  await pass();
  await pass();
}

const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const find = <E extends HTMLElement>(selector: string): E => {
  const found = document.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
};
const named = (text: string) =>
  all("button").find((one) => (one.getAttribute("aria-label") ?? one.textContent) === text);
const order = () => all(".veo-piece-name > span:first-of-type").map((one) => one.textContent);
const [FOX, OWL, CAT] = ["A fox crosses a frozen lake.", "An owl", "A cat"];
const slider = (label: string) => find(`[role=slider][aria-label="${label}"]`);
const field = (label: string) => {
  const found = all<HTMLInputElement>("input").find((one) => one.getAttribute("aria-label") === label);
  if (found === undefined) throw new Error(`no field "${label}"`);
  return found;
};
const enter = (label: string, value: string) =>
  act(() => {
    const input = field(label);
    input.value = value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
const key = (name: string) => press(all("dialog").at(-1) ?? document.body, name);
const on = () => find<HTMLVideoElement>('.veo-piece-video[data-on="true"] video');
const position = () => Number(find<HTMLInputElement>(".veo-preview input[type=range]").value);
const pointer = (target: Element, type: string, x: number, y = 0) =>
  act(() => {
    target.dispatchEvent(
      new PointerEvent(type, {
        bubbles: true,
        cancelable: true,
        button: 0,
        pointerId: 1,
        clientX: x,
        clientY: y,
      }),
    );
  });

describe("putting clips together", () => {
  it("begins with those that it was opened with, in order", async () => {
    await open("77aa/0", "3f2a/0", "77aa/0");
    expect(order()).toEqual([OWL, FOX, OWL]);
    expect(find(".veo-total").textContent).toBe("0:24.0 in all");
  });

  it("leaves out what is not there, and says so", async () => {
    await open("3f2a/0", "gone/0");
    expect(order()).toEqual([FOX]);
    expect(find(".veo-notice").textContent).toContain("1 of them");
  });

  it("adds from the strip, where those that are gone are not offered", async () => {
    await open("3f2a/0");
    expect(all(".veo-strip .veo-thumb")).toHaveLength(4);
    await click(all(".veo-strip .veo-thumb")[2]);
    expect(order()).toEqual([FOX, CAT]);
    expect((await spoken()).join()).toContain("piece 2");
  });

  it("takes a piece out, and the keyboard goes to its neighbour", async () => {
    await open("3f2a/0", "77aa/0", "c4a7/0");
    await click(named("Take piece 2 out"));
    expect(order()).toEqual([FOX, CAT]);
    expect(document.activeElement).toBe(named("Take piece 2 out"));
  });

  it("can't be saved while it is empty, and says why", async () => {
    await open();
    expect(named("Save as one clip")?.getAttribute("aria-disabled")).toBe("true");
    await click(named("Save as one clip"));
    expect(stage.kernel.of("join")).toEqual([]);
    expect(find(".veo-notice").textContent).toBe("Add a clip first.");
  });
});

describe("leaving", () => {
  it("is simple while nothing was done", async () => {
    await open("3f2a/0", "77aa/0");
    await key("Escape");
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });

  it("asks where something would be lost, and can be thought over", async () => {
    await open("3f2a/0", "77aa/0");
    await click(named("Piece 1 later"));
    await click(named("Close (Esc)"));
    expect(stage.panel.close).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(named("Go on"));
    await key("Escape");
    expect(named("Go on")).toBeUndefined();
    expect(order()).toEqual([OWL, FOX]);
    await key("Escape");
    await click(named("Leave"));
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });

  it("does not ask while it is being saved: that goes on", async () => {
    await open("3f2a/0");
    await click(named("Piece 1 later"));
    await press(slider("End of piece 1"), "PageDown");
    await click(named("Save as one clip"));
    await key("Escape");
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });
});

describe("a clip whose length is not known", () => {
  it("is as long as its video says", async () => {
    await open("nolength/0");
    expect(find(".veo-total").textContent).toBe("0:00.0 in all");
    await act(() => void on().dispatchEvent(new Event("loadedmetadata")));
    expect(find(".veo-total").textContent).toBe("0:08.0 in all");
    await key("Escape");
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });
});

describe("the order", () => {
  it("changes with buttons, under the keyboard", async () => {
    await open("3f2a/0", "77aa/0", "c4a7/0");
    const later = named("Piece 1 later");
    if (later === undefined) throw new Error("no button");
    // A browser takes the focus from what is moved in the page; this one does not.
    const focus = vi.spyOn(later, "focus");
    await click(later);
    expect(focus).toHaveBeenCalledOnce();
    expect(order()).toEqual([OWL, FOX, CAT]);
    expect(document.activeElement).toBe(named("Piece 2 later"));
    expect((await spoken()).join()).toContain("Now piece 2 of 3");
    await click(named("Piece 1 earlier"));
    expect(order()).toEqual([OWL, FOX, CAT]);
  });

  it("changes by dragging past a neighbour's middle", async () => {
    await open("3f2a/0", "77aa/0", "c4a7/0");
    vi.spyOn(HTMLLIElement.prototype, "getBoundingClientRect").mockImplementation(function (
      this: HTMLElement,
    ) {
      const at = [...(this.parentElement?.children ?? [])].indexOf(this);
      return { top: at * 100, height: 100 } as DOMRect;
    });
    const [grip] = all(".veo-grip");
    if (grip === undefined) throw new Error("no grip");
    await pointer(grip, "pointerdown", 0, 50);
    await pointer(grip, "pointermove", 0, 140);
    expect(order()).toEqual([FOX, OWL, CAT]);
    await pointer(grip, "pointermove", 0, 160);
    expect(order()).toEqual([OWL, FOX, CAT]);
    await pointer(grip, "pointermove", 0, 260);
    expect(order()).toEqual([OWL, CAT, FOX]);
    await pointer(grip, "pointerup", 0, 260);
    await pointer(grip, "pointermove", 0, 0);
    expect(order()).toEqual([OWL, CAT, FOX]);
    await pointer(grip, "pointerdown", 0, 250);
    await pointer(grip, "pointermove", 0, 160);
    expect(order()).toEqual([OWL, CAT, FOX]);
    await pointer(grip, "pointermove", 0, 140);
    expect(order()).toEqual([OWL, FOX, CAT]);
  });
});

describe("trimming", () => {
  it("goes by frames with the arrows, by seconds with Shift, and to the ends", async () => {
    await open("3f2a/0");
    const start = slider("Start of piece 1");
    await press(start, "ArrowRight");
    expect(start.getAttribute("aria-valuenow")).toBe("0.042");
    await press(start, "ArrowRight", { shiftKey: true });
    expect(start.getAttribute("aria-valuenow")).toBe("1.042");
    await press(slider("End of piece 1"), "PageDown");
    expect(slider("End of piece 1").getAttribute("aria-valuetext")).toBe("0:07.0");
    await press(start, "Home");
    await press(slider("End of piece 1"), "End");
    expect(find(".veo-total").textContent).toBe("0:08.0 in all");
  });

  it("goes by the number fields, which never keep what is not possible", async () => {
    await open("3f2a/0");
    await enter("to: end of piece 1, in seconds", "4");
    await enter("from: start of piece 1, in seconds", "9");
    expect(field("from: start of piece 1, in seconds").value).toBe("3.9");
    expect(find(".veo-total").textContent).toBe("0:00.1 in all");
    await enter("from: start of piece 1, in seconds", "");
    expect(field("from: start of piece 1, in seconds").value).toBe("3.9");
  });

  it("takes a number with Enter, before its field is left", async () => {
    await open("3f2a/0");
    const end = field("to: end of piece 1, in seconds");
    end.value = "4";
    await press(end, "Enter");
    expect(find(".veo-total").textContent).toBe("0:04.0 in all");
  });

  it("goes by dragging, and shows the frame that the handle is at", async () => {
    await open("3f2a/0", "77aa/0");
    vi.spyOn(HTMLDivElement.prototype, "getBoundingClientRect").mockReturnValue({ width: 400 } as DOMRect);
    const end = slider("End of piece 2");
    await pointer(end, "pointerdown", 400);
    await pointer(end, "pointermove", 300);
    await pass(100);
    expect(end.getAttribute("aria-valuenow")).toBe("6");
    expect(on().getAttribute("src")).toBe("/files/owl.mp4");
    expect(on().currentTime).toBeCloseTo(5.98, 3);
  });
});

describe("the preview", () => {
  it("plays the pieces one after another as one, the next one waiting at its start", async () => {
    await open("3f2a/0", "77aa/0");
    await enter("to: end of piece 1, in seconds", "2");
    await enter("from: start of piece 2, in seconds", "5");
    await key("Home");
    await pass(100);
    const [next] = all<HTMLVideoElement>('.veo-piece-video[data-on="false"] video');
    expect(next?.currentTime).toBe(5);
    expect(next?.paused).toBe(true);
    await key(" ");
    await pass(1500);
    expect(on().getAttribute("src")).toBe("/files/fox-3f2a.mp4");
    expect(position()).toBeCloseTo(1.5, 1);
    const first = on();
    await pass(1000);
    expect(on()).toBe(next);
    expect(first.paused).toBe(true);
    expect(position()).toBeCloseTo(2.5, 1);
    await pass(3000);
    expect(on().paused).toBe(true);
    expect(position()).toBeCloseTo(5, 1);
    await key(" ");
    await pass(200);
    expect(position()).toBeLessThan(0.3);
    expect(all<HTMLVideoElement>('.veo-piece-video[data-on="false"] video')[0]?.currentTime).toBe(5);
  });

  it("goes anywhere in the whole, also into a piece that was not there yet", async () => {
    await open("3f2a/0", "77aa/0", "c4a7/0");
    const bar = find<HTMLInputElement>(".veo-preview input[type=range]");
    await act(() => {
      bar.value = "18.5";
      bar.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await pass(100);
    expect(on().getAttribute("src")).toBe("/files/cat.mp4");
    expect(on().currentTime).toBeCloseTo(2.5, 2);
    expect(position()).toBeCloseTo(18.5, 2);
    await key("j");
    await pass(100);
    expect(position()).toBeCloseTo(17.5, 2);
    await key(",");
    await pass(100);
    expect(position()).toBeCloseTo(17.5 - 1 / 24, 2);
  });

  it("goes on with the piece that is on when the order changes", async () => {
    await open("3f2a/0", "77aa/0");
    await key(" ");
    await pass(1000);
    await click(named("Piece 1 later"));
    await pass(100);
    expect(on().getAttribute("src")).toBe("/files/fox-3f2a.mp4");
    expect(on().paused).toBe(false);
    expect(position()).toBeCloseTo(9.1, 1);
  });

  it("is heard, until it is muted", async () => {
    await open("3f2a/0", "77aa/0");
    expect(all<HTMLVideoElement>("video").map((one) => one.muted)).toEqual([false, false]);
    await key("m");
    expect(all<HTMLVideoElement>("video").map((one) => one.muted)).toEqual([true, true]);
  });

  it("does not say that it plays where the page may not", async () => {
    await open("3f2a/0");
    vi.spyOn(HTMLVideoElement.prototype, "play").mockRejectedValue(new DOMException("", "NotAllowedError"));
    await key(" ");
    await pass();
    expect(find(".veo-play").textContent).toBe("Play");
  });

  it("stops with the layer, and lets go of its videos", async () => {
    await open("3f2a/0", "77aa/0");
    await key(" ");
    const videos = all<HTMLVideoElement>("video");
    await stage.show(null);
    expect(videos.every((one) => one.paused && !one.hasAttribute("src"))).toBe(true);
    // The rest of words and stills; a beat would go on.
    await pass(30_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("saving", () => {
  const save = () => click(named("Save as one clip"));

  it("sends the pieces and the title, says so meanwhile, and opens the new clip in its place", async () => {
    await open("3f2a/0", "77aa/0");
    await enter("from: start of piece 2, in seconds", "1");
    await enter("to: end of piece 2, in seconds", "4");
    await act(() => {
      const title = find<HTMLInputElement>(".veo-title input");
      title.value = " The fox and the owl ";
      title.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await save();
    expect(stage.kernel.of("join")).toEqual([
      {
        pieces: [
          { clip: "3f2a/0", start: 0, end: null },
          { clip: "77aa/0", start: 1, end: 4 },
        ],
        title: "The fox and the owl",
      },
    ]);
    expect(find(".veo-join-words").textContent).toContain("Putting them together");
    await click(named("Saving…"));
    expect(stage.kernel.of("join")).toHaveLength(1);
    await act(async () => answer({ clip: "j4k2/0" }));
    await pass();
    await pass();
    expect(all("dialog").map((one) => one.getAttribute("aria-label"))).toEqual(["Joined clip j4k2"]);
  });

  it("has the patience that encoding takes", async () => {
    let deadline: number | undefined;
    stage = openStage();
    const asked = stage.kernel.request;
    const request: typeof asked = (kind, payload, extras) => {
      if (kind === "join") deadline = extras?.timeout;
      return asked(kind, payload, extras);
    };
    await closeStage(stage);
    stage = openStage(stage.kernel, { request });
    stage.kernel
      .on("details", ({ clip }: { clip: string }) => detailsOf(clip))
      .on("browse", () => ({ total: 0, items: [] }));
    await draw(["3f2a/0"]);
    await save();
    expect(deadline).toBe(DEADLINE_MS);
  });

  it("keeps all as it was when it is refused, with the words beside the button", async () => {
    await open("3f2a/0");
    stage.kernel.refuse("join", "The joined clip can't be written: no space.", "Make room.");
    await save();
    await pass();
    expect(find(".veo-join-words").textContent).toBe(
      "The joined clip can't be written: no space. Make room.",
    );
    expect(order()).toEqual([FOX]);
    expect(named("Save as one clip")?.getAttribute("aria-disabled")).toBe("false");
  });

  it("offers to open it to whoever has closed the layer meanwhile", async () => {
    await open("3f2a/0");
    await save();
    await stage.show(null);
    await act(async () => answer({ clip: "j4k2/0" }));
    expect(stage.offers.at(-1)?.label).toBe("Open it");
    stage.offers.at(-1)?.action();
    expect(stage.panel.open).toHaveBeenCalledWith({ kind: "details", clip: "j4k2/0" });
  });
});
