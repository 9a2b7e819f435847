import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../../src/core/connection";
import { OpenLayer } from "../../../../src/panel/clip/layer";
import { SETTLE_MS as CHECK_MS } from "../../../../src/panel/compose/check";
import { EMPTY } from "../../../../src/panel/compose/draft";
import { REST_MS } from "../../../../src/panel/compose/send";
import type { Layer } from "../../../../src/panel/context";
import type { Check, Details, Draft } from "../../../../src/protocol.gen";
import { panelExamples } from "../../../fixtures";
import { fakeVideos } from "../../../grid/video";
import { spoken } from "../../../spoken";
import { click, closeStage, LIBRARY, openStage, pass, press, type Stage, VIEW } from "../../stage";

let stage: Stage;
let layer: Layer;
let version = 1;
const drafts: Draft[] = [];
const COSTS: Check = {
  ...(panelExamples.checks["one"] ?? (Object.values(panelExamples.checks)[0] as Check)),
  problems: [],
  notes: [],
  count: 1,
  stored: 0,
  line: "1 clip · about $0.80 · about 45 s",
  cost: "about $0.80",
  button: "Change it",
};

beforeEach(() => {
  vi.useFakeTimers({ now: panelExamples.now * 1000 });
  fakeVideos();
  drafts.length = 0;
  version = 1;
  layer = { kind: "details", clip: "e1e1/0" };
  stage = openStage(undefined, {
    compose: vi.fn((change: (draft: Draft) => Draft) => void drafts.push(change(EMPTY))),
  });
  stage.kernel.on("browse", () => ({ total: 0, items: [] }));
  stage.kernel.on("posters", () => ({ posters: {} }));
  stage.kernel.on("check", () => COSTS);
});

afterEach(async () => {
  await closeStage(stage);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function example(name: string, changes: Partial<Details> = {}): Details {
  return { ...structuredClone(panelExamples.details[name] as Details), ...changes };
}

async function open(details = example("edited")): Promise<void> {
  stage.kernel.on("details", ({ clip }: { clip: string }) => ({
    ...details,
    item: { ...details.item, key: clip, job: clip.split("/")[0] as string },
  }));
  await draw();
}

async function draw(): Promise<void> {
  await stage.show(<OpenLayer layer={layer} library={{ ...LIBRARY, version }} view={VIEW} />);
  await pass();
  await pass(CHECK_MS);
  await pass();
}

const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const find = <E extends HTMLElement>(selector: string): E => {
  const found = all<E>(selector).at(-1);
  if (found === undefined) throw new Error(`nothing is "${selector}"`);
  return found;
};
const line = () => find<HTMLInputElement>(".veo-change input");
const button = () => find<HTMLButtonElement>(".veo-change .veo-primary");
const said = () => find(".veo-change-said").textContent;
const named = (name: string) => {
  const found = all("button").find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
  if (found === undefined) throw new Error(`no button "${name}"`);
  return found;
};
const type = async (text: string) => {
  await act(() => {
    line().value = text;
    line().dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await pass(CHECK_MS);
  await pass();
};
const enter = async () => {
  await press(line(), "Enter");
  await pass();
  await pass();
};

describe("the line under a clip", () => {
  it("says what a step costs before anything is typed, and has a name and a description", async () => {
    await open();
    expect(button().textContent).toBe("Change it · about $0.80");
    expect(said()).toBe("1 clip · about $0.80 · about 45 s");
    expect(find<HTMLLabelElement>(".veo-change label").htmlFor).toBe(line().id);
    expect(document.getElementById(line().getAttribute("aria-describedby") ?? "")?.textContent).toBe(said());
  });

  it("sends what was typed as an edit of this clip by the model that made it", async () => {
    await open();
    stage.kernel.on("generate", () => ({ jobs: ["n3w1"], sweep: "", question: "" }));
    await type("  Make it snow ");
    await enter();
    const draft = { ...EMPTY, prompt: "Make it snow", edit: "e1e1/0", fields: { model: ["omni"] } };
    expect(stage.kernel.of("check").at(-1)).toEqual({ draft });
    expect(stage.kernel.of("generate")).toEqual([{ draft, confirm: false }]);
    expect(line().value).toBe("");
    expect((await spoken()).join()).toContain("On its way as n3w1");
    // The new step is asked for at once.
    expect(stage.kernel.of("details").length).toBeGreaterThan(1);
  });

  it("sends once, however often Enter is pressed", async () => {
    await open();
    stage.kernel.on("generate", () => ({ jobs: ["n3w1"], sweep: "", question: "" }));
    await type("Make it snow");
    await press(line(), "Enter");
    await press(line(), "Enter");
    await click(button());
    await pass(REST_MS - 1);
    expect(stage.kernel.of("generate")).toHaveLength(1);
  });

  it("sends nothing while a word is being composed", async () => {
    await open();
    await type("雪");
    await press(line(), "Enter", { isComposing: true });
    expect(stage.kernel.of("generate")).toEqual([]);
  });

  it("sends nothing while it is empty, and says what is missing", async () => {
    await open();
    await enter();
    expect(stage.kernel.of("generate")).toEqual([]);
    expect(button().getAttribute("aria-disabled")).toBe("true");
    expect(said()).toBe("Say what should be different.");
    await type("x");
    expect(said()).toContain("about $0.80");
  });

  it.each([
    ["{{weather}}", "write it out"],
    ["Make it snow", "Too long. Use a shorter one."],
  ])("does not send %j that can't be", async (text, why) => {
    await open();
    stage.kernel.on("check", () => ({
      ...COSTS,
      problems: [{ field: "edit", message: "Too long.", hint: "Use a shorter one." }],
    }));
    await type(text);
    await enter();
    expect(stage.kernel.of("generate")).toEqual([]);
    expect(said()).toContain(why);
  });

  it("keeps the words where it is refused, and says why until they change", async () => {
    await open();
    stage.kernel.on("generate", () =>
      Promise.reject(new RequestError("budget", "It would go over the budget.", "Raise it.")),
    );
    await type("Make it snow");
    await enter();
    expect(line().value).toBe("Make it snow");
    expect(said()).toBe("It would go over the budget. Raise it.");
    await pass(REST_MS);
    await type("Make it rain");
    expect(said()).toContain("about $0.80");
  });

  it("has the words again that were typed and not sent", async () => {
    await open();
    await type("Make it");
    layer = { kind: "details", clip: "0a0a/0" };
    await draw();
    expect(line().value).toBe("");
    layer = { kind: "details", clip: "e1e1/0" };
    await draw();
    expect(line().value).toBe("Make it");
  });

  it("leaves letters and digits to who types, and Escape to the layer", async () => {
    await open();
    await press(line(), "s");
    await press(line(), "4");
    expect(stage.kernel.of("star")).toEqual([]);
    expect(stage.kernel.of("rate")).toEqual([]);
    await press(line(), "Escape");
    expect(stage.panel.close).toHaveBeenCalled();
  });

  it("goes to the clip where that is there already", async () => {
    await open();
    stage.kernel.on("check", () => ({ ...COSTS, count: 0, stored: 1, cost: "", button: "Show the clip" }));
    stage.kernel.on("generate", () => ({ jobs: ["e2e2"], sweep: "", question: "" }));
    await type("Now at night");
    expect(button().textContent).toBe("Show the clip");
    await enter();
    expect(find("dialog").getAttribute("aria-label")).toBe("Clip e2e2");
    expect(all("dialog")).toHaveLength(1);
  });

  it("is not there where there is no clip", async () => {
    await open(example("failed"));
    expect(all(".veo-change")).toEqual([]);
  });
});

describe("a clip whose model has no edits", () => {
  it("says why, takes no words, and asks nothing", async () => {
    await open(example("clip"));
    expect(line().readOnly).toBe(true);
    expect(line().getAttribute("aria-disabled")).toBe("true");
    expect(said()).toBe("Veo 3.1 Fast can't change a clip; Gemini Omni can.");
    expect(line().getAttribute("aria-describedby")).toBe(find(".veo-change-said").id);
    expect(stage.kernel.of("check")).toEqual([]);
  });

  it("offers its last frame", async () => {
    await open(example("clip"));
    stage.kernel.on("frame", () => ({ ...panelExamples.pictures[0], key: "end.png" }));
    await click(named("Start from its last frame"));
    await pass();
    await pass();
    expect(stage.kernel.of("frame")).toEqual([{ clip: "e1e1/0", seconds: null }]);
    expect(drafts.at(-1)).toEqual({ ...EMPTY, image: ["end.png"] });
  });

  it("offers to go on from it", async () => {
    await open(example("clip"));
    await click(named("Extend it"));
    await pass();
    await pass();
    expect(drafts.at(-1)).toEqual({ ...EMPTY, video: "e1e1/0" });
  });

  it("says why it can't be gone on from either", async () => {
    await open(example("joined"));
    const extend = named("Extend it");
    expect(extend.getAttribute("aria-disabled")).toBe("true");
    expect(extend.title).toBe(example("joined").cannot_extend);
  });

  it("can be changed by a model that has them, where there is one", async () => {
    await open(example("clip"));
    await click(named("Change it with omni"));
    await pass(CHECK_MS);
    await pass();
    expect(document.activeElement).toBe(line());
    expect(line().readOnly).toBe(false);
    expect(stage.kernel.of("check").at(-1)).toMatchObject({
      draft: { edit: "e1e1/0", fields: { model: ["omni"] } },
    });
  });
});

describe("the steps", () => {
  const steps = () => all<HTMLButtonElement>(".veo-step");

  it("are a chain with its branches, in words", async () => {
    await open();
    expect(steps().map((one) => one.getAttribute("aria-label"))).toEqual([
      "A fox crosses a frozen lake: 0a0a, the first",
      "Make it snow: e1e1, changes 0a0a, open",
      "Now at night: e2e2, changes e1e1",
      "In black and white: e3e3, changes 0a0a, on its way",
    ]);
    expect(steps().map((one) => one.getAttribute("aria-current"))).toEqual([null, "step", null, null]);
    expect(all(".veo-steps li").map((one) => one.style.getPropertyValue("--veo-depth"))).toEqual([
      "0",
      "1",
      "2",
      "1",
    ]);
    // What is a step is not named once more.
    expect(all(".veo-family li")).toHaveLength(1);
  });

  it("are walked along in one layer, and the keyboard goes along", async () => {
    await open();
    await click(steps()[0]);
    await pass();
    await pass();
    expect(find("dialog").getAttribute("aria-label")).toBe("Clip 0a0a");
    expect(all("dialog")).toHaveLength(1);
    expect(document.activeElement).toBe(find(".veo-step[aria-current]"));
  });

  it("do not open what is not there, nor what is open", async () => {
    await open();
    const asked = stage.kernel.of("details").length;
    await click(steps()[3]);
    await click(steps()[1]);
    await pass();
    expect(stage.kernel.of("details")).toHaveLength(asked);
  });

  it.each([
    ["Compare with 0a0a", ["0a0a/0", "e1e1/0"]],
    ["Compare with e2e2", ["e1e1/0", "e2e2/0"]],
  ])("%s shows both, the earlier one first", async (name, clips) => {
    await open();
    await click(named(name));
    await pass();
    expect(find("dialog").getAttribute("aria-label")).toBe("Two clips compared");
    expect(stage.kernel.of("details").slice(-2)).toEqual(clips.map((clip) => ({ clip })));
  });

  it("are compared only where both are there", async () => {
    await open();
    expect(all("[aria-label^='Compare with']")).toHaveLength(2);
  });

  it("say how many are left out", async () => {
    await open(example("edited", { more_steps: 7 }));
    expect(find("[aria-label=Steps]").textContent).toContain("and 7 more");
  });
});
