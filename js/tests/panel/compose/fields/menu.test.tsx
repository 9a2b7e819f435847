import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readNumbers } from "../../../../src/panel/compose/fields/fields";
import { textOf } from "../../../../src/panel/compose/fields/menu";
import { place } from "../../../../src/panel/compose/fields/place";
import type { FieldForm } from "../../../../src/protocol.gen";
import { click, closeStage, press } from "../../stage";
import { type Composing, exampleCheck, findIn, openCompose, SETUP, type } from "../composing";

let here: Composing;
const find = (selector: string) => findIn(here).find(selector);
const all = <E extends Element = HTMLElement>(selector: string) => findIn(here).all<E>(selector);
const duration = () => find('.veo-choice button[aria-label^="Duration"]');
const list = () => find("[role=listbox]");
const option = (label: string) => {
  const found = all("[role=option]").find((one) => one.textContent?.startsWith(label));
  if (found === undefined) throw new Error(`no option "${label}"`);
  return found;
};
const active = () => document.getElementById(list().getAttribute("aria-activedescendant") ?? "")?.textContent;
const seconds = () => here.draft().fields["duration_seconds"];
const form = (name: string): FieldForm => {
  const found = SETUP.fields.find((field) => field.name === name);
  if (found === undefined) throw new Error(`no field ${name}`);
  return found;
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  await closeStage(here);
  vi.useRealTimers();
});

describe("a setting's button", () => {
  it("says what is set, what the provider takes, or which setting it is", async () => {
    here = await openCompose({ fields: { duration_seconds: [4, 8], resolution: ["1080p"] } });
    const shown = all(".veo-choices .veo-button").map((one) => one.textContent);
    expect(shown).toEqual(["fast", "16:9", "1080p", "4 s, 8 s", "People"]);
    expect(all(".veo-choices .veo-button").map((one) => one.dataset["set"])).toEqual([
      "false",
      "false",
      "true",
      "true",
      "false",
    ]);
    expect(duration().getAttribute("aria-label")).toBe("Duration: 4 s, 8 s");
    expect(find('[aria-label="People: not set"]').title).toBe(form("person_generation").help);
  });

  it("is short where many values are set", () => {
    expect(textOf(form("duration_seconds"), [4, 6, 8])).toBe("4 s + 2 more");
    expect(textOf(form("duration_seconds"), [99])).toBe("99");
  });

  it("opens its list and closes it again", async () => {
    here = await openCompose();
    expect(duration().getAttribute("aria-expanded")).toBe("false");
    await click(duration());
    expect(duration().getAttribute("aria-expanded")).toBe("true");
    expect(document.activeElement).toBe(list());
    await click(duration());
    expect(all("[role=listbox]")).toEqual([]);
    expect(document.activeElement).toBe(duration());
    await press(duration(), "ArrowDown");
    expect(all("[role=listbox]")).toHaveLength(1);
  });

  it("closes its list when the focus goes elsewhere", async () => {
    here = await openCompose();
    await click(duration());
    await act(() => find("textarea").focus());
    expect(all("[role=listbox]")).toEqual([]);
    expect(document.activeElement).toBe(find("textarea"));
  });
});

/** What a model of three lengths answers, where another makes thirteen. */
const veo = exampleCheck("single", {
  unavailable: {
    duration_seconds: Object.fromEntries(
      [3, 5, 7, 9, 10, 11, 12, 13, 14, 15].map((one) => [one, "Veo 3.1 Fast takes 4, 6 or 8."]),
    ),
  },
});

describe("the models of several providers", () => {
  const model = () => find('.veo-choice button[aria-label^="Model"]');
  const why = "No key: set GEMINI_API_KEY or GOOGLE_API_KEY, or %veo login gemini.";
  const closed = exampleCheck("single", {
    unavailable: { model: { "gemini:omni": why, "gemini:fast": why } },
  });

  it("stand under the provider's name, which a screen reader says", async () => {
    here = await openCompose({}, { check: closed });
    await click(model());
    const groups = all("[role=listbox] > [role=group]");
    expect(groups.map((one) => one.getAttribute("aria-label"))).toEqual([
      ...new Set(form("model").choices.map(({ group }) => group)),
    ]);
    const [own, ...others] = groups.map((one) => one.querySelectorAll("[role=option]").length);
    expect([own, others.length > 1]).toEqual([5, true]);
    expect(groups[0]?.querySelector("[aria-hidden=true]")?.textContent).toBe("sandbox");
    // However many: one that is greyed says how to have it.
    expect(all("[role=option]")).toHaveLength(form("model").choices.length + 1);
  });

  it("are reached by the keys, from one group into the next, and said with their provider on the button", async () => {
    here = await openCompose({}, { check: closed });
    await click(model());
    for (let at = 0; at < 6; at += 1) await press(list(), "ArrowDown");
    const first = form("model").choices[5];
    expect(active()).toBe(first?.label);
    await press(list(), "Enter");
    expect(here.draft().fields["model"]).toEqual([first?.value]);
    expect(model().getAttribute("aria-label")).toBe(`Model: ${first?.value}`);
    await click(model());
    await press(list(), "v");
    expect(active()).toBe(form("model").choices.find(({ group }) => group === "Vertex AI")?.label);
  });

  it("are not chosen without a key, and say where one goes", async () => {
    here = await openCompose({}, { check: closed });
    await click(model());
    const omni = all("[role=group][aria-label='Gemini API'] [role=option]").find((one) =>
      one.textContent?.startsWith("omni"),
    );
    expect(omni?.getAttribute("aria-disabled")).toBe("true");
    expect(omni?.title).toBe(why);
    await click(omni as HTMLElement);
    expect(here.draft().fields["model"]).toBeUndefined();
    expect(find(".veo-list-help").textContent).toBe(why);
  });
});

describe("a list of values", () => {
  it("says what is chosen, and that several may be", async () => {
    here = await openCompose({ fields: { duration_seconds: [4, 8] } }, { check: veo });
    await click(duration());
    expect(list().getAttribute("aria-multiselectable")).toBe("true");
    expect(all("[role=option]").map((one) => [one.textContent, one.getAttribute("aria-selected")])).toEqual([
      ["Provider's own: 8 s", "false"],
      ["4 s", "true"],
      ["6 s", "false"],
      ["8 s", "true"],
    ]);
    expect(active()).toBe("4 s");
  });

  it("chooses one by a click, and closes", async () => {
    here = await openCompose({ fields: { duration_seconds: [4, 8] } });
    await click(duration());
    await click(option("6 s"));
    expect(seconds()).toEqual([6]);
    expect(all("[role=listbox]")).toEqual([]);
    expect(document.activeElement).toBe(duration());
  });

  it("adds and takes away by the box, or a click with Ctrl, and stays open, in the order that is offered", async () => {
    here = await openCompose({ fields: { duration_seconds: [8] } });
    await click(duration());
    await click(option("4 s").querySelector("[data-box]"));
    expect(seconds()).toEqual([4, 8]);
    await click(option("6 s"), { ctrlKey: true });
    expect(seconds()).toEqual([4, 6, 8]);
    await click(option("8 s").querySelector("[data-box]"));
    expect(seconds()).toEqual([4, 6]);
    expect(all("[role=listbox]")).toHaveLength(1);
  });

  it("leaves it to the provider", async () => {
    here = await openCompose({ fields: { duration_seconds: [4, 8] } });
    await click(duration());
    await click(option("Provider's own"));
    expect(seconds()).toBeUndefined();
  });

  it("is worked by keys alone", async () => {
    here = await openCompose({ prompt: "A" }, { check: veo });
    await click(duration());
    expect(active()).toBe("Provider's own: 8 s");
    await press(list(), "ArrowDown");
    await press(list(), " ");
    await press(list(), "End");
    await press(list(), " ");
    expect(seconds()).toEqual([4, 8]);
    await press(list(), "ArrowUp");
    expect(active()).toBe("6 s");
    await press(list(), "8");
    expect(active()).toBe("8 s");
    await press(list(), "Home");
    await press(list(), "ArrowUp");
    expect(active()).toBe("Provider's own: 8 s");
    await press(list(), "ArrowDown");
    await press(list(), "ArrowDown");
    await press(list(), "Enter");
    expect(seconds()).toEqual([6]);
    expect(document.activeElement).toBe(duration());
  });

  it("keeps Escape for itself: the panel is not left", async () => {
    here = await openCompose();
    const pressed = vi.fn();
    here.el.addEventListener("keydown", pressed);
    await click(duration());
    await press(list(), "Escape");
    expect(all("[role=listbox]")).toEqual([]);
    expect(document.activeElement).toBe(duration());
    expect(pressed).not.toHaveBeenCalled();
  });

  it("lets Ctrl+Enter through, which generates", async () => {
    here = await openCompose({ prompt: "A" });
    await click(duration());
    await press(list(), "Enter", { ctrlKey: true });
    await act(async () => {});
    expect(here.kernel.of("generate")).toHaveLength(1);
    expect(seconds()).toBeUndefined();
  });

  it("keeps what can't be had from being chosen, and says why to eye and ear", async () => {
    const check = exampleCheck("impossible");
    here = await openCompose({ prompt: "A", fields: { duration_seconds: [4] } }, { check });
    await click(find('.veo-choice button[aria-label^="Resolution"]'));
    const impossible = option("1080p");
    const reason = "1080p needs an 8 second clip; you asked for 4.";
    expect(impossible.getAttribute("aria-disabled")).toBe("true");
    expect(impossible.title).toBe(reason);
    expect(impossible.textContent).toBe(`1080p${reason}`);
    expect(option("720p").getAttribute("aria-disabled")).toBe("false");
    const tries = [
      () => click(impossible),
      () => click(impossible.querySelector("[data-box]")),
      () => press(list(), " "),
      () => press(list(), "Enter"),
    ];
    for (const one of tries) {
      await one();
      expect(here.draft().fields["resolution"]).toBeUndefined();
    }
    expect(find(".veo-list-help").textContent).toBe(reason);
    expect(list().getAttribute("aria-describedby")).toBe(find(".veo-list-help").id);
  });

  it("lets what can't be had be taken away", async () => {
    const check = exampleCheck("impossible");
    here = await openCompose({ prompt: "A", fields: { resolution: ["720p", "4k"] } }, { check });
    const button = find('.veo-choice button[aria-label^="Resolution"]');
    expect(button.getAttribute("aria-label")).toContain("4k needs an 8 second clip");
    expect(button.dataset["trouble"]).toBe("true");
    await click(button);
    await click(option("4k").querySelector("[data-box]"));
    expect(here.draft().fields["resolution"]).toEqual(["720p"]);
  });

  it("shows a value that is no longer offered, so that it can go", async () => {
    here = await openCompose({ fields: { duration_seconds: [99] } });
    await click(duration());
    await click(option("99").querySelector("[data-box]"));
    expect(seconds()).toBeUndefined();
  });

  it("greys all of a field that can't be used", async () => {
    const check = exampleCheck("single", { unavailable: { duration_seconds: { "*": "Not with a video." } } });
    here = await openCompose({ prompt: "A" }, { check });
    expect(duration().title).toBe("Not with a video.");
    await click(duration());
    expect(all('[role=option][aria-disabled="true"]')).toHaveLength(13);
  });
});

describe("where a list stands", () => {
  const box = (top: number, bottom: number, left: number) => ({
    getBoundingClientRect: () => ({ top, bottom, left }),
  });
  const popup = (height: number) => ({
    scrollHeight: height,
    offsetHeight: height,
    offsetWidth: 200,
    style: {},
  });
  const put = (anchor: object, what: { style: Record<string, string> }) => {
    Object.defineProperty(document.documentElement, "clientWidth", { value: 800, configurable: true });
    Object.defineProperty(document.documentElement, "clientHeight", { value: 600, configurable: true });
    place(what as unknown as HTMLElement, anchor as HTMLElement);
    return what.style;
  };

  it("is under its button, above it where there is more room, and never over the edge", async () => {
    here = await openCompose();
    expect(put(box(100, 128, 50), popup(200))).toMatchObject({ top: "132px", left: "50px" });
    expect(put(box(500, 528, 50), popup(200))).toMatchObject({ top: "296px" });
    expect(put(box(100, 128, 750), popup(200))).toMatchObject({ left: "592px" });
    expect(put(box(300, 328, 50), popup(900))).toMatchObject({ maxHeight: "288px" });
  });
});

describe("what is set more seldom", () => {
  const field = (label: string) => {
    const found = all<HTMLLabelElement>(".veo-others label").find((one) => one.textContent === label);
    return find(`#${CSS.escape(found?.getAttribute("for") ?? "")}`) as HTMLInputElement;
  };

  it("is said in short while the fold is closed", async () => {
    here = await openCompose({ fields: { seed: ["1, 2"], negative_prompt: [""] }, take: 3 });
    expect(find(".veo-others summary").textContent).toBe("More seed 1, 2 · take 3");
  });

  it("reads a number as one, and leaves a list to the kernel", async () => {
    expect(readNumbers("7")).toEqual([7]);
    expect(readNumbers("1, 2, ..., 5")).toEqual(["1, 2, ..., 5"]);
    expect(readNumbers("-1")).toEqual(["-1"]);
    expect(readNumbers("  ")).toEqual([]);
    here = await openCompose({ fields: { seed: [1, 2] } });
    expect(field("Seed").value).toBe("1, 2");
    await type(field("Seed"), "42");
    expect(here.draft().fields["seed"]).toEqual([42]);
    await type(field("Seed"), "");
    expect(here.draft().fields).toEqual({});
  });

  it("gives each text a place of its own, since commas belong to it", async () => {
    here = await openCompose();
    await type(field("Without"), "blurry, dark");
    expect(here.draft().fields["negative_prompt"]).toEqual(["blurry, dark"]);
    await click(find('.veo-texts button[aria-label^="Another text"]'));
    await type(field("Without 2"), "text");
    expect(here.draft().fields["negative_prompt"]).toEqual(["blurry, dark", "text"]);
    await click(find('[aria-label="Remove Without 2"]'));
    await type(field("Without"), "");
    expect(here.draft().fields).toEqual({});
  });

  it("shows a switch as a menu, with what either way is called", async () => {
    here = await openCompose();
    const button = find('.veo-setting button[aria-label="Prompt: not set"]');
    expect(button.textContent).toBe("not set");
    await click(button);
    await click(option("as written"));
    expect(here.draft().fields["enhance_prompt"]).toEqual([false]);
  });

  it("shows a choice as a menu too, out of the line of what is often set", async () => {
    const reason = "Compression is for Vertex AI only.";
    const check = exampleCheck("single", { unavailable: { compression_quality: { lossless: reason } } });
    here = await openCompose({}, { check });
    expect(all('.veo-choices [aria-label^="Compression"]')).toEqual([]);
    await click(find('.veo-others [aria-label="Compression: not set"]'));
    expect(option("lossless").textContent).toContain(reason);
    await click(option("lossless"));
    await click(option("optimized"));
    expect(here.draft().fields["compression_quality"]).toEqual(["optimized"]);
  });

  it("takes a take of 1 and more", async () => {
    here = await openCompose();
    await type(field("Take"), "3");
    expect(here.draft().take).toBe(3);
    await type(field("Take"), "0");
    await type(field("Take"), "");
    expect(here.draft().take).toBe(3);
  });

  it("has a name and a help for each", async () => {
    here = await openCompose();
    for (const input of all(".veo-others :is(input, textarea)")) {
      expect(find(`label[for="${input.id}"]`).textContent).not.toBe("");
      expect(find(`#${CSS.escape(input.getAttribute("aria-describedby") ?? "")}`).textContent).not.toBe("");
    }
  });
});
