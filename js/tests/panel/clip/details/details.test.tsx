import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../../src/core/connection";
import { OpenLayer } from "../../../../src/panel/clip/layer";
import { SETTLE_MS } from "../../../../src/panel/clip/state";
import type { Layer } from "../../../../src/panel/context";
import type { Details, Draft, PictureState } from "../../../../src/protocol.gen";
import { examplePanel, panelExamples } from "../../../fixtures";
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
let layer: Layer;

beforeEach(() => {
  vi.useFakeTimers({ now: panelExamples.now * 1000 });
  fakeVideos();
});

afterEach(async () => {
  await closeStage(stage);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function example(name: string, changes: Partial<Details> = {}): Details {
  const found = panelExamples.details[name];
  if (found === undefined) throw new Error(`panels.json has no details "${name}"`);
  return { ...structuredClone(found), ...changes };
}

const DRAFT: Draft = { ...examplePanel("running").draft.draft, prompt: "mine", reference_images: ["r1"] };

/** A stage with these details open, and a draft that `compose` changes. */
async function open(
  details: Details | (() => Promise<object>) = example("clip"),
  version = 1,
): Promise<void> {
  const { kernel } = stage;
  kernel.on("details", typeof details === "function" ? details : () => details);
  if (!kernel.answers.has("browse")) kernel.on("browse", () => ({ total: 0, items: [] }));
  kernel.on("posters", () => ({ posters: {} }));
  await draw(version);
}

async function draw(version = 1): Promise<void> {
  await stage.show(<OpenLayer layer={layer} library={{ ...LIBRARY, version }} view={VIEW} />);
  await pass();
  await pass();
}

beforeEach(() => {
  layer = { kind: "details", clip: "3f2a/0" };
  let draft = DRAFT;
  stage = openStage(undefined, {
    compose: vi.fn((change: (draft: Draft) => Draft) => {
      draft = change(draft);
      drafts.push(draft);
    }),
  });
  drafts.length = 0;
});

const drafts: Draft[] = [];
const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const find = <E extends HTMLElement>(selector: string): E => {
  const found = document.querySelector<E>(selector);
  if (found === null) throw new Error(`nothing is "${selector}"`);
  return found;
};
const has = (selector: string) => document.querySelector(selector) !== null;
const buttons = () => all("button, a").map((one) => one.textContent);
const button = (text: string): HTMLElement => {
  const found = all("button, a").filter(
    (one) => (one.getAttribute("aria-label") ?? one.textContent) === text,
  );
  const [first] = found;
  if (first === undefined) throw new Error(`no button "${text}" among: ${buttons().join(", ")}`);
  return found.at(-1) ?? first;
};
const tap = async (text: string) => {
  await click(button(text));
  await pass();
  await pass();
};
const video = () => find<HTMLVideoElement>("video");

describe("the details of a clip", () => {
  it.each(Object.keys(panelExamples.details))("show all that is known: %s", async (name) => {
    const details = example(name);
    await open(details);
    expect(find(".veo-details-prompt").textContent).toBe(details.prompt);
    expect(find(".veo-line span").textContent).toBe(details.line.join(" · "));
    expect(all(".veo-recipe-table dt").map((one) => one.textContent)).toEqual(
      details.recipe.map(([field]) => field),
    );
    expect(all(".veo-recipe-table dd").map((one) => one.textContent)).toEqual(
      details.recipe.map(([, value]) => value),
    );
    expect(all(".veo-given img")).toHaveLength(details.pictures.length);
    const steps = details.steps.map(({ key }) => key);
    const kin = [...details.came_from, ...details.became].filter(({ key }) => !steps.includes(key));
    expect(all(".veo-family li")).toHaveLength(kin.length);
    expect(all(".veo-steps li")).toHaveLength(steps.length);
    expect(has("video")).toBe(details.item.kind !== "none");
    expect(has(".veo-marks")).toBe(details.item.kind !== "none");
    expect(buttons().includes("Copy as cell")).toBe(details.cell !== "");
    expect(buttons().includes("Copy as Python")).toBe(details.python !== "");
  });

  it("have a box of the clip's shape before anything is known", async () => {
    await open(() => new Promise(() => {}));
    expect(has(".veo-panes")).toBe(true);
    expect(find(".veo-details").textContent).toContain("Asking the kernel");
  });

  it("stay text where they are hostile", async () => {
    const evil = "<script>1</script>";
    const details = example("clip", { prompt: evil, recipe: [[evil, evil]], cell: evil });
    await open({ ...details, item: { ...details.item, note: evil, settings: evil } });
    expect(has("script")).toBe(false);
    expect(document.body.innerHTML).toContain("&lt;script&gt;");
  });

  it("say why they are not there, and ask again", async () => {
    await open(() =>
      Promise.reject(new RequestError("not_found", "There is no clip 3f2a.", "Look in the gallery.")),
    );
    expect(find("[role=alert]").textContent).toContain("There is no clip 3f2a. Look in the gallery.");
    stage.kernel.on("details", () => example("clip"));
    await tap("Try again");
    expect(has("[role=alert]")).toBe(false);
    expect(has("video")).toBe(true);
  });

  it("are asked for anew when the library has changed, many changes together", async () => {
    await open();
    for (const version of [2, 3, 4]) await draw(version);
    await pass(SETTLE_MS);
    expect(stage.kernel.of("details")).toHaveLength(2);
  });

  it("count the time in the live line", async () => {
    await open(example("failed", { line: ["Generating", { clock: "since", at: panelExamples.now - 42 }] }));
    expect(find(".veo-line span").textContent).toBe("Generating · 0:42");
    await pass(2000);
    expect(find(".veo-line span").textContent).toBe("Generating · 0:44");
  });

  it("say where the file was that is not there any more", async () => {
    const details = example("clip");
    await open({ ...details, item: { ...details.item, here: false } });
    expect(has("video")).toBe(false);
    expect(find(".veo-saved").textContent).toContain(details.item.path);
    expect(button("Use frame").getAttribute("aria-disabled")).toBe("true");
  });
});

describe("the player", () => {
  it("plays with Space and with a click on the picture, and steps by frames", async () => {
    await open();
    await press(find("dialog"), " ");
    await pass(400);
    expect(video().paused).toBe(false);
    await press(find("dialog"), "k");
    expect(video().paused).toBe(true);
    const point = (type: string, clientX: number) =>
      act(() => {
        const init = { bubbles: true, button: 0, pointerId: 1, clientX };
        find(".veo-pane").dispatchEvent(new PointerEvent(type, init));
      });
    Element.prototype.setPointerCapture = () => {};
    await point("pointerdown", 0);
    await point("pointerup", 0);
    await pass(400);
    expect(video().paused).toBe(false);
    // Moved, it was no click.
    await point("pointerdown", 0);
    await point("pointermove", 40);
    await point("pointerup", 40);
    expect(video().paused).toBe(false);
    await press(find("dialog"), "k");
    await press(find("dialog"), "Home");
    await press(find("dialog"), ".");
    await press(find("dialog"), ".");
    await pass(100);
    expect(video().currentTime).toBeCloseTo(2.5 / 24, 3);
  });

  it("is silent until it is to be heard", async () => {
    await open();
    expect(video().muted).toBe(true);
    await tap("Hear it (M)");
    expect(video().muted).toBe(false);
  });

  it("ends with the layer", async () => {
    await open();
    await press(find("dialog"), " ");
    const one = video();
    const pause = vi.spyOn(one, "pause");
    await stage.show(null);
    expect(pause).toHaveBeenCalled();
    expect(one.hasAttribute("src")).toBe(false);
    // A player that lived on would beat on.
    await pass(30_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what is thought of it", () => {
  it("shows at once and is told", async () => {
    await open();
    stage.kernel.on("rate", () => ({}));
    await press(find("dialog"), "2");
    expect(find(".veo-rating").getAttribute("aria-label")).toBe("Rated 2 of 5");
    expect(stage.kernel.of("rate")).toEqual([{ clip: "3f2a/0", rating: 2 }]);
    expect((await spoken()).join()).toContain("Rated 2 of 5");
  });

  it("is taken back when it is refused, with words in the layer", async () => {
    await open();
    stage.kernel.refuse("star", "The library is read only.", "Ask for rights.");
    await press(find("dialog"), "s");
    await pass();
    expect(button("Take the star away")).toBeTruthy();
    expect(find("dialog .veo-notice").textContent).toContain("The library is read only. Ask for rights.");
    expect(stage.said).toEqual([]);
  });

  it("takes a note, whose letters are no keys", async () => {
    await open();
    stage.kernel.on("note", () => ({}));
    await press(find("dialog"), "n");
    const text = find<HTMLTextAreaElement>("textarea");
    await press(text, "s");
    await press(button("Save"), "s");
    await press(button("Save"), "ArrowRight");
    expect(stage.kernel.of("star")).toEqual([]);
    await act(() => {
      text.value = "better ears";
      text.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await press(text, "Enter");
    expect(stage.kernel.of("note")).toEqual([{ clip: "3f2a/0", note: "better ears" }]);
    expect(find(".veo-details-note").textContent).toBe("better ears");
  });

  it("leaves the note with Escape and the layer with another", async () => {
    await open();
    await press(find("dialog"), "n");
    await press(find("textarea"), "Escape");
    expect(has("textarea")).toBe(false);
    expect(stage.panel.close).not.toHaveBeenCalled();
    await press(find("dialog"), "Escape");
    expect(stage.panel.close).toHaveBeenCalledOnce();
  });
});

describe("going on", () => {
  it("asks for another take once at a time, and says where it is", async () => {
    await open();
    let answer: (ok: object) => void = () => {};
    stage.kernel.on("another", () => new Promise((resolve) => (answer = resolve)));
    await tap("Another take");
    await tap("Asking…");
    expect(stage.kernel.of("another")).toEqual([{ clip: "3f2a/0" }]);
    await act(async () => answer({ job: "9c01" }));
    await pass();
    expect(find(".veo-notice").textContent).toContain("9c01");
    expect(button("Another take").getAttribute("aria-disabled")).toBe("false");
  });

  it("makes a draft final for what it says that costs, and looks what became of it", async () => {
    await open(example("clip", { actions: ["finalize", "another"], final_cost: "about $0.70" }));
    stage.kernel.on("finalize", () => ({ job: "9c01" }));
    const before = stage.kernel.of("details").length;
    await tap("Make it final · about $0.70");
    await pass();
    expect(stage.kernel.of("finalize")).toEqual([{ clip: "3f2a/0" }]);
    expect(find(".veo-notice").textContent).toContain("9c01");
    expect(stage.kernel.of("details").length).toBeGreaterThan(before);
  });

  it("loads what made it into the draft, closes, goes there, and can be taken back", async () => {
    await open();
    stage.kernel.on("vary", () => ({ draft: { ...DRAFT, prompt: "of the clip" } }));
    await tap("Vary");
    expect(stage.panel.close).toHaveBeenCalledOnce();
    await pass(1);
    expect(drafts.at(-1)?.prompt).toBe("of the clip");
    expect(vi.mocked(stage.panel.compose).mock.calls.at(-1)?.[1]).toBe(true);
    stage.offers.at(-1)?.action();
    expect(drafts.at(-1)).toEqual(DRAFT);
  });

  it("changes nothing when varying is refused", async () => {
    await open();
    stage.kernel.refuse("vary");
    await tap("Vary");
    await pass(1);
    expect(drafts).toEqual([]);
    expect(stage.panel.close).not.toHaveBeenCalled();
  });

  it("extends: the clip goes into the draft, and the pictures that can't go with it out", async () => {
    await open();
    await tap("Extend");
    await pass(1);
    expect(drafts).toEqual([{ ...DRAFT, video: "3f2a/0", image: [], last_frame: [], reference_images: [] }]);
  });

  it("extends by the clip's own model, where it has one of its own", async () => {
    await open({ ...example("clip"), extend_model: "omni" });
    await tap("Extend");
    await pass(1);
    expect(drafts[0]).toMatchObject({
      video: "3f2a/0",
      fields: { ...DRAFT.fields, model: ["omni"] },
    });
  });

  it("says why it can't be extended", async () => {
    await open(example("joined"));
    const extend = button("Extend");
    expect(extend.getAttribute("aria-disabled")).toBe("true");
    expect(document.getElementById(extend.getAttribute("aria-describedby") ?? "")?.textContent).toBe(
      "Only a clip that the provider made can be gone on from.",
    );
    await tap("Extend");
    await pass(1);
    expect(drafts).toEqual([]);
    expect(find(".veo-notice").textContent).toContain("Only a clip that the provider made");
  });

  it.each([
    ["rerun", "Try again", { job: "e5e5" }],
    ["retry", "Fetch it", { job: "e5e5" }],
  ] as const)("offers for a job without a clip: %s", async (command, text, payload) => {
    await open(example("failed"));
    stage.kernel.on(command, () => ({ job: "f6f6" }));
    await tap(text);
    expect(stage.kernel.of(command)).toEqual([payload]);
    expect(has(".veo-notice")).toBe(true);
  });

  it("sends again what may have been charged only after asking", async () => {
    await open(example("failed", { actions: ["resubmit"] }));
    stage.kernel.on("resubmit", () => ({}));
    await tap("Send it again");
    expect(stage.kernel.of("resubmit")).toEqual([]);
    expect(find(".veo-question").textContent).toContain("pay twice");
    await tap("Leave it");
    expect(has(".veo-question")).toBe(false);
    await tap("Send it again");
    await tap("Send it again");
    expect(stage.kernel.of("resubmit")).toEqual([{ job: "e5e5" }]);
  });
});

describe("what was measured of it", () => {
  const section = () => find('section[aria-label="Measures"]');

  it("stands beside it, with what each is", async () => {
    await open();
    expect([...section().querySelectorAll("dt, dd")].map(({ textContent }) => textContent)).toEqual([
      "Sharpness",
      "42 %",
      "Loudness",
      "–",
    ]);
    expect(section().querySelector("[title]")?.getAttribute("title")).toContain("fine detail");
    expect(section().querySelector("details li")?.textContent).toContain("Sharpness: How much of the fine");
    expect(section().querySelector("button")).toBeNull();
  });

  it("is measured when somebody asks, and looked at again then", async () => {
    let details = example("clip", { measures: [] });
    await open(async () => details);
    stage.kernel.on("measure", () => {
      details = example("clip");
      return {};
    });
    await click(section().querySelector("button"));
    await pass();
    await pass();
    expect(stage.kernel.of("measure")).toEqual([{ clip: "3f2a/0" }]);
    expect(section().querySelector("dd")?.textContent).toBe("42 %");
  });

  it("is nothing of a job without a clip", async () => {
    await open(example("failed"));
    expect(all('section[aria-label="Measures"]')).toHaveLength(0);
  });

  it("can't be where the file is gone", async () => {
    await open(example("clip", { measures: [], item: exampleItem({ here: false }) }));
    await click(section().querySelector("button"));
    expect(stage.kernel.of("measure")).toEqual([]);
  });
});

describe("a frame of it", () => {
  const frame = () => stage.kernel.on("frame", () => panelExamples.pictures[2] as PictureState);
  const key = panelExamples.pictures[2]?.key;

  it("is the last one where nobody has looked for another", async () => {
    await open();
    frame();
    await tap("Use frame");
    await tap("As first frame");
    await pass(1);
    expect(stage.kernel.of("frame")).toEqual([{ clip: "3f2a/0", seconds: null }]);
    expect(drafts).toEqual([{ ...DRAFT, image: [key], reference_images: [], video: "" }]);
    expect(stage.offers.at(-1)?.text).toContain("first frame");
  });

  it("is the one at the player's moment", async () => {
    await open();
    frame();
    await press(find("dialog"), "l");
    await press(find("dialog"), "l");
    await tap("Use frame");
    expect(find(".veo-frames").textContent).toContain("the one shown, at 0:02.0");
    await tap("As last frame");
    await pass(1);
    expect(stage.kernel.of("frame")).toEqual([{ clip: "3f2a/0", seconds: 2 }]);
    expect(drafts.at(-1)?.last_frame).toEqual([key]);
  });

  it("joins the references, and puts out what they can't go with", async () => {
    await open();
    frame();
    await tap("Use frame");
    await tap("As reference");
    await pass(1);
    expect(drafts.at(-1)).toMatchObject({
      reference_images: ["r1", key],
      image: [],
      last_frame: [],
      video: "",
    });
  });

  it("is not taken when the kernel refuses", async () => {
    await open();
    stage.kernel.refuse("frame", "The file can't be read.");
    await tap("Use frame");
    await tap("As first frame");
    await pass(1);
    expect(drafts).toEqual([]);
    expect(find(".veo-notice").textContent).toContain("The file can't be read.");
  });
});

describe("copying", () => {
  it.each([
    ["Copy as cell", "cell"],
    ["Copy as Python", "python"],
  ] as const)("%s writes to the clipboard", async (text, field) => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    await open();
    await tap(text);
    expect(writeText).toHaveBeenCalledWith(example("clip")[field]);
    expect(find(".veo-notice").textContent).toContain("Copied");
  });

  it("shows the text, selected, where the page may not write", async () => {
    vi.stubGlobal("navigator", { ...navigator, clipboard: undefined });
    await open();
    await tap("Copy as cell");
    const box = find<HTMLTextAreaElement>(".veo-by-hand textarea");
    expect(box.value).toBe(example("clip").cell);
    expect(document.activeElement).toBe(box);
    expect(box.selectionEnd - box.selectionStart).toBe(box.value.length);
    await press(box, "Escape");
    expect(has(".veo-by-hand")).toBe(false);
  });
});

describe("downloading", () => {
  it("takes the server's address, with the file's name", async () => {
    await open();
    const link = button("Download");
    expect(link.getAttribute("href")).toBe(example("clip").item.url);
    expect(link.getAttribute("download")).toBe("fox-3f2a.mp4");
  });

  it("takes the bytes that came through the kernel where there is no server", async () => {
    const details = example("clip");
    let send: (ok: object) => void = () => {};
    stage.kernel.on("video", () => new Promise((resolve) => (send = resolve)));
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:here");
    await open({ ...details, item: { ...details.item, url: "" } });
    expect(button("Download").getAttribute("aria-disabled")).toBe("true");
    await act(async () => send({ size: 4, next: 4, buffers: [new DataView(new ArrayBuffer(4))] }));
    await pass();
    expect(button("Download").getAttribute("href")).toBe("blob:here");
    expect(button("Download").getAttribute("download")).toBe("fox-3f2a.mp4");
  });
});

describe("deleting", () => {
  it("asks first, with the keyboard on the answer that keeps it", async () => {
    await open();
    await tap("Delete");
    expect(stage.kernel.of("delete")).toEqual([]);
    expect(document.activeElement?.textContent).toBe("Keep it");
    await press(document.activeElement ?? document.body, "Escape");
    expect(has(".veo-question")).toBe(false);
    expect(document.activeElement?.textContent).toBe("Delete");
    expect(stage.panel.close).not.toHaveBeenCalled();
  });

  it("closes, and can be undone", async () => {
    await open();
    stage.kernel.on("delete", () => ({})).on("restore", () => ({}));
    await tap("Delete");
    await click(find(".veo-question button"));
    await pass();
    expect(stage.kernel.of("delete")).toEqual([{ clips: ["3f2a/0"] }]);
    expect(stage.panel.close).toHaveBeenCalledOnce();
    const [offer] = stage.offers;
    expect(offer?.label).toBe("Undo");
    await act(async () => offer?.action());
    await pass();
    expect(stage.kernel.of("restore")).toEqual([{ clips: ["3f2a/0"] }]);
    expect(stage.said.at(-1)).toContain("is back");
  });

  it("stays open when it is refused", async () => {
    await open();
    stage.kernel.refuse("delete", "Job 3f2a is running.");
    await tap("Delete");
    await click(find(".veo-question button"));
    await pass();
    expect(stage.panel.close).not.toHaveBeenCalled();
    expect(stage.offers).toEqual([]);
  });
});

describe("its family", () => {
  it("opens over it, and Escape comes back to it", async () => {
    await open();
    await click(find(".veo-family button"));
    await pass();
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "77aa/0" });
    expect(all("dialog")).toHaveLength(2);
    await press(all("dialog").at(-1) ?? document.body, "Escape");
    expect(all("dialog")).toHaveLength(1);
    expect(stage.panel.close).not.toHaveBeenCalled();
    expect(find("dialog").getAttribute("aria-label")).toBe("Clip 3f2a");
  });

  it("names what is gone and does not open it", async () => {
    await open();
    const gone = all(".veo-family button").at(-1);
    expect(gone?.getAttribute("aria-disabled")).toBe("true");
    expect(gone?.getAttribute("aria-label")).toContain("no longer there");
    await click(gone);
    expect(all("dialog")).toHaveLength(1);
  });
});

describe("its neighbours in the gallery", () => {
  const gallery = (keys: string[]) =>
    stage.kernel.on("browse", ({ offset, limit }: { offset: number; limit: number }) => ({
      total: keys.length,
      items: keys.slice(offset, offset + limit).map((key) => exampleItem({ key })),
    }));

  it("are gone to with the arrow keys, in its place", async () => {
    gallery(["11aa/0", "3f2a/0", "22bb/0"]);
    await open();
    await press(find("dialog"), "ArrowRight");
    await pass();
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "22bb/0" });
    expect(all("dialog")).toHaveLength(1);
    await press(find("dialog"), "ArrowLeft");
    await pass();
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "3f2a/0" });
  });

  it("end at the end", async () => {
    gallery(["3f2a/0", "22bb/0"]);
    await open();
    expect(button("Previous clip (←): this is the first")).toBeTruthy();
    await press(find("dialog"), "ArrowLeft");
    expect(stage.kernel.of("details")).toHaveLength(1);
  });

  it("are found further down, as the gallery is shown", async () => {
    gallery([...Array.from({ length: 130 }, (_, i) => `a${i}/0`), "3f2a/0", "zz/0"]);
    await open();
    expect(stage.kernel.of("browse").map(({ offset, order }) => [offset, order])).toEqual([
      [0, "newest"],
      [120, "newest"],
    ]);
    await tap("Next clip (→)");
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "zz/0" });
  });

  it("are found where a page of the answer ends", async () => {
    gallery([...Array.from({ length: 119 }, (_, i) => `a${i}/0`), "3f2a/0", "zz/0"]);
    await open();
    await press(find("dialog"), "ArrowRight");
    await pass();
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "zz/0" });
  });

  it("leave the arrows to a field that needs them", async () => {
    gallery(["3f2a/0", "22bb/0"]);
    await open();
    await press(find("input[type=range]"), "ArrowRight");
    expect(stage.kernel.of("details")).toHaveLength(1);
  });
});

describe("what is opened from elsewhere", () => {
  it("takes the place of all layers", async () => {
    await open();
    await click(find(".veo-family button"));
    expect(all("dialog")).toHaveLength(2);
    layer = { kind: "details", clip: "j4k2/0" };
    await draw();
    expect(all("dialog")).toHaveLength(1);
    expect(stage.kernel.of("details").at(-1)).toEqual({ clip: "j4k2/0" });
  });
});
