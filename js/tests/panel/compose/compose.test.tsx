import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SETTLE_MS } from "../../../src/panel/compose/check";
import { click, closeStage, pass, press } from "../stage";
import { type Composing, carry, exampleCheck, findIn, openCompose, SETUP, type } from "./composing";

let here: Composing;
const find = (selector: string) => findIn(here).find(selector);
const all = (selector: string) => findIn(here).all(selector);
const texts = (selector: string) => all(selector).map((one) => one.textContent);
const prompt = () => find("textarea[aria-label=Prompt]") as HTMLTextAreaElement;
const button = () => find(".veo-foot .veo-primary");

/** A pause after a change, and the drawing after it. */
async function settle() {
  await pass(SETTLE_MS);
  await pass();
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  await closeStage(here);
  vi.useRealTimers();
});

describe("the prompt", () => {
  it("marks its variables in a text behind it that is the same, hidden from those who only hear", async () => {
    here = await openCompose({ prompt: "A {{animal}}\nat <b>{{ time }}</b>" });
    expect(prompt().value).toBe("A {{animal}}\nat <b>{{ time }}</b>");
    expect(find(".veo-prompt-behind").textContent).toBe(`${prompt().value}\u200b`);
    expect(find(".veo-prompt-behind").getAttribute("aria-hidden")).toBe("true");
    expect(texts("mark")).toEqual(["{{animal}}", "{{ time }}"]);
    expect(all(".veo-prompt-behind b")).toEqual([]);
    expect([prompt().dir, find(".veo-prompt-behind").dir]).toEqual(["auto", "auto"]);
  });

  it("changes the draft with each letter", async () => {
    here = await openCompose({ prompt: "A fox" });
    await type(prompt(), "A fox runs");
    expect(here.draft().prompt).toBe("A fox runs");
  });

  it("is no mistake before it was begun, and one when it is to be sent", async () => {
    here = await openCompose({}, { check: exampleCheck("empty") });
    expect(texts(".veo-problems p")).toEqual([]);
    expect(find(".veo-estimate").textContent).toBe("Say what the clip should show.");
    await click(button());
    expect(texts(".veo-problems p")).toEqual(["The prompt is empty. Say what the clip should show."]);
    expect(here.kernel.of("generate")).toEqual([]);
    expect(here.said).toContain("The prompt is empty. Say what the clip should show.");
  });
});

describe("a draft", () => {
  const box = () => find(".veo-as-draft input") as HTMLInputElement;
  const said = () => document.getElementById(box().getAttribute("aria-describedby") ?? "")?.textContent;

  it("is asked for by a box that says what it saves", async () => {
    const check = exampleCheck("single", { saving: "360p at about a third of the price" });
    here = await openCompose({ prompt: "A fox" }, { check });
    expect([box().checked, said()]).toEqual([false, "360p at about a third of the price"]);
    await click(box());
    expect(here.draft().drafted).toBe(true);
    expect(box().checked).toBe(true);
    await settle();
    expect(here.kernel.of("check").at(-1)).toMatchObject({ draft: { drafted: true } });
  });

  it("can't be asked for where nothing is cheaper, and can be taken back there", async () => {
    const check = exampleCheck("single", { unavailable: { draft: { "*": "Nothing is cheaper." } } });
    here = await openCompose({ prompt: "A fox" }, { check });
    expect([box().getAttribute("aria-disabled"), said()]).toEqual(["true", "Nothing is cheaper."]);
    await click(box());
    expect(here.draft().drafted).toBe(false);
    await here.redraw({ draft: { drafted: true } });
    await click(box());
    expect(here.draft().drafted).toBe(false);
  });
});

describe("a variable's values", () => {
  const adder = () => find(".veo-values input") as HTMLInputElement;
  const values = () => here.draft().variables["animal"];

  beforeEach(async () => {
    here = await openCompose({ prompt: "A {{animal}}", variables: { animal: ["fox"], time: ["dawn"] } });
  });

  it("are shown for the variables of the prompt alone", () => {
    expect(texts(".veo-values-name")).toEqual(["animal"]);
    expect(texts(".veo-chip bdi")).toEqual(["fox"]);
    expect(find(".veo-values").getAttribute("aria-label")).toBe("Values of animal");
  });

  it("are added with Enter, several with commas, each once", async () => {
    await type(adder(), "owl, fox, cat");
    expect(values()).toEqual(["fox"]);
    await press(adder(), "Enter");
    expect(values()).toEqual(["fox", "owl", "cat"]);
    expect(adder().value).toBe("");
  });

  it("are not added by an Enter that ends a word of another script", async () => {
    await type(adder(), "きつね");
    await press(adder(), "Enter", { isComposing: true });
    expect(values()).toEqual(["fox"]);
  });

  it("are added when the field is left", async () => {
    await type(adder(), "owl");
    await act(() => void adder().dispatchEvent(new FocusEvent("blur")));
    expect(values()).toEqual(["fox", "owl"]);
  });

  it("are added at once when several are pasted, and one is pasted as text", async () => {
    expect(await carry(adder(), "paste", { text: "owl" })).toBe(false);
    expect(await carry(adder(), "paste", { text: "owl, grey\ncat" })).toBe(true);
    expect(values()).toEqual(["fox", "owl, grey", "cat"]);
  });

  it("are taken away by their button or the key, and the focus stays", async () => {
    await here.redraw({ draft: { variables: { animal: ["fox", "owl", "cat"] } } });
    await click(find('.veo-chip button[aria-label="Remove owl"]'));
    expect(values()).toEqual(["fox", "cat"]);
    expect(document.activeElement).toBe(adder());
    await press(adder(), "Backspace");
    expect(values()).toEqual(["fox"]);
    await type(adder(), "x");
    await press(adder(), "Backspace");
    expect(values()).toEqual(["fox"]);
  });
});

describe("problems", () => {
  it("stand beside their field, with what to do, and keep it from being sent", async () => {
    here = await openCompose({ prompt: "A" }, { check: exampleCheck("impossible") });
    expect(find(".veo-choices .veo-problems").textContent).toBe(
      "1080p needs an 8 second clip; you asked for 4. Use Duration 8 s or Resolution 720p.",
    );
    expect(button().getAttribute("aria-disabled")).toBe("true");
    expect(button().title).toContain("1080p needs an 8 second clip");
    expect(button().textContent).toContain("1080p needs an 8 second clip");
    await click(button());
    expect(here.kernel.of("generate")).toEqual([]);
  });

  it("stand above the button when they belong to nothing that is shown", async () => {
    const problem = { field: "key", message: "No key is set.", hint: "%veo login" };
    here = await openCompose({ prompt: "A" }, { check: exampleCheck("impossible", { problems: [problem] }) });
    expect(texts(".veo-foot .veo-problems p")).toEqual(["No key is set. %veo login"]);
  });

  it("open the fold that their field is in", async () => {
    const problem = { field: "seed", message: "A seed is a number.", hint: "" };
    here = await openCompose({ prompt: "A" });
    expect((find(".veo-others") as HTMLDetailsElement).open).toBe(false);
    here.kernel.on("check", () => exampleCheck("impossible", { problems: [problem] }));
    await here.redraw({ draft: { prompt: "B" } });
    await settle();
    expect((find(".veo-others") as HTMLDetailsElement).open).toBe(true);
    expect(find(".veo-others").textContent).toContain("A seed is a number.");
  });
});

describe("Clear", () => {
  it("begins anew, and can be undone", async () => {
    here = await openCompose({ prompt: "A", take: 3 });
    const clear = () => all("header .veo-quiet")[0];
    expect(clear()?.textContent).toBe("Clear");
    await click(clear());
    expect(here.draft().prompt).toBe("");
    expect(clear()).toBeUndefined();
    await act(() => here.offers[0]?.action());
    expect(here.draft()).toMatchObject({ prompt: "A", take: 3 });
  });
});

describe("the head", () => {
  it("names the provider, and once is enough", async () => {
    here = await openCompose({}, { setup: { ...SETUP, title: "Vertex AI", tag: "" } });
    expect(find("header").textContent).toBe("ComposeVertex AI");
    await closeStage(here);
    here = await openCompose({}, { setup: { ...SETUP, title: "sandbox", tag: "sandbox" } });
    expect(find("header").textContent).toBe("Composesandbox");
  });
});

describe("the fold of a narrow panel", () => {
  const folded = () => find(".veo-compose").dataset["folded"];

  it("closes while something runs, opens when a person comes to write, and for the next run is as it was", async () => {
    here = await openCompose({ prompt: "A" });
    expect([folded(), all(".veo-fold")]).toEqual(["false", []]);
    await here.redraw({ running: true });
    expect(folded()).toBe("true");
    await act(() => prompt().focus());
    expect(folded()).toBe("false");
    await act(() => prompt().blur());
    await here.redraw({ running: false });
    await here.redraw({ running: true });
    expect(folded()).toBe("true");
  });

  it("does not close under the hands of who is writing", async () => {
    here = await openCompose({ prompt: "A" });
    await act(() => prompt().focus());
    await here.redraw({ running: true });
    expect(folded()).toBe("false");
  });

  it("is worked by its button", async () => {
    here = await openCompose({ prompt: "A" }, { running: true });
    const fold = () => find(".veo-fold button");
    expect(fold().getAttribute("aria-label")).toBe("Show all of Compose");
    await click(fold());
    expect([folded(), fold().getAttribute("aria-label")]).toEqual(["false", "Fold Compose"]);
    await click(fold());
    expect(folded()).toBe("true");
  });
});

describe("when the view goes", () => {
  it("nothing of it is left: no timer, no listener, no word", async () => {
    here = await openCompose({ prompt: "A" });
    const added = vi.spyOn(window, "addEventListener");
    const removed = vi.spyOn(window, "removeEventListener");
    await click(find(".veo-choice button"));
    expect(added).toHaveBeenCalled();
    await here.redraw({ draft: { prompt: "B" } });
    await closeStage(here);
    expect(removed.mock.calls.map(([kind]) => kind).sort()).toEqual(
      added.mock.calls.map(([kind]) => kind).sort(),
    );
    expect(vi.getTimerCount()).toBe(0);
  });
});
