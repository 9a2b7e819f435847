import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../src/core/connection";
import { BUSY, BUSY_MS, SETTLE_MS } from "../../../src/panel/compose/check";
import { REST_MS } from "../../../src/panel/compose/send";
import { click, closeStage, pass, press } from "../stage";
import { type Composing, exampleCheck, findIn, openCompose, type } from "./composing";

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

describe("what it would do", () => {
  it("is asked once a person pauses, without what is not asked for", async () => {
    here = await openCompose({ prompt: "A" });
    expect(here.kernel.of("check")).toHaveLength(1);
    await here.redraw({ draft: { prompt: "A f" } });
    await pass(SETTLE_MS - 1);
    await here.redraw({ draft: { prompt: "A fox", variables: { gone: ["1"] }, fields: { seed: [""] } } });
    await pass(SETTLE_MS - 1);
    expect(here.kernel.of("check")).toHaveLength(1);
    await pass(1);
    expect(here.kernel.of("check")).toHaveLength(2);
    expect(here.kernel.of("check")[1]).toMatchObject({
      draft: { prompt: "A fox", variables: {}, fields: {} },
    });
  });

  it("stands beside what was spent so far", async () => {
    here = await openCompose({ prompt: "A" });
    expect(texts(".veo-foot > p.veo-soft")).toEqual([
      "so far about $3.20 of the budget of $20.00, $16.80 left",
    ]);
  });

  it("is greyed while the draft is newer, and the same until there is news", async () => {
    here = await openCompose({ prompt: "A" });
    const line = () => find(".veo-estimate");
    expect([line().textContent, line().dataset["old"]]).toEqual([exampleCheck("single").line, "false"]);
    expect(button().textContent).toBe("Generate 1 clip");
    here.kernel.on("check", () => exampleCheck("sweep"));
    await here.redraw({ draft: { prompt: "B" } });
    expect([line().textContent, line().dataset["old"]]).toEqual([exampleCheck("single").line, "true"]);
    expect(line().getAttribute("aria-busy")).toBe("true");
    await settle();
    expect([line().textContent, line().dataset["old"]]).toEqual([exampleCheck("sweep").line, "false"]);
    expect(texts(".veo-foot > p.veo-soft")).toContain(exampleCheck("sweep").notes[0]);
  });

  it("is asked anew when the library has changed, and not greyed meanwhile", async () => {
    here = await openCompose({ prompt: "A" });
    here.kernel.on("check", () => exampleCheck("stored"));
    await here.redraw({ version: 2 });
    expect(find(".veo-estimate").dataset["old"]).toBe("false");
    await settle();
    expect(button().textContent).toBe("Show the clip");
  });

  it("is asked one at a time: a busy kernel gets no row of old questions", async () => {
    here = await openCompose({ prompt: "A" });
    const answers: ((check: object) => void)[] = [];
    here.kernel.on("check", () => new Promise<object>((resolve) => void answers.push(resolve)));
    for (const text of ["B", "C", "D"]) {
      await here.redraw({ draft: { prompt: text } });
      await settle();
    }
    expect(here.kernel.of("check")).toHaveLength(2);
    answers[0]?.(exampleCheck("single"));
    await pass();
    expect(here.kernel.of("check").map((asked) => (asked["draft"] as { prompt: string }).prompt)).toEqual([
      "A",
      "B",
      "D",
    ]);
  });

  it("says when the kernel is busy, and goes on once it answers", async () => {
    here = await openCompose({ prompt: "A" });
    let answer: (check: object) => void = () => {};
    here.kernel.on("check", () => new Promise<object>((resolve) => (answer = resolve)));
    await here.redraw({ draft: { prompt: "B" } });
    await settle();
    await pass(BUSY_MS);
    expect(find(".veo-estimate").textContent).toBe(BUSY);
    answer(exampleCheck("single"));
    await pass();
    expect(find(".veo-estimate").textContent).toBe(exampleCheck("single").line);
  });

  it("says why there is no answer, and asks again when told", async () => {
    here = await openCompose({ prompt: "A" });
    here.kernel.on("check", () =>
      Promise.reject(new RequestError("lost", "The kernel has ended.", "Run it.")),
    );
    await here.redraw({ draft: { prompt: "B" } });
    await settle();
    expect(find(".veo-estimate").textContent).toBe("The kernel has ended. Run it.Ask again");
    here.kernel.on("check", () => exampleCheck("single"));
    await click(find(".veo-estimate button"));
    await pass();
    expect(find(".veo-estimate").textContent).toBe(exampleCheck("single").line);
  });
});

describe("Generate", () => {
  it("sends once, however often it is pressed in one go", async () => {
    here = await openCompose({ prompt: "A", variables: { gone: ["1"] } });
    await click(button());
    await click(button());
    await pass(REST_MS / 2);
    await click(button());
    expect(here.kernel.of("generate")).toHaveLength(1);
    expect(here.kernel.of("generate")[0]).toEqual({
      draft: { ...here.draft(), variables: {} },
      confirm: false,
    });
    expect(here.said).toContain("On its way: 9c01");
    await pass(REST_MS);
    await click(button());
    expect(here.kernel.of("generate")).toHaveLength(2);
  });

  it("says that it is sending, and keeps the focus", async () => {
    here = await openCompose({ prompt: "A" });
    let answer: (ok: object) => void = () => {};
    here.kernel.on("generate", () => new Promise<object>((resolve) => (answer = resolve)));
    button().focus();
    await click(button());
    expect([button().textContent, button().getAttribute("aria-disabled")]).toEqual(["Sending…", "true"]);
    answer({ jobs: [], sweep: "", question: "" });
    await pass();
    expect(button().textContent).toBe("Generate 1 clip");
    expect(document.activeElement).toBe(button());
    expect(here.said).toContain("Nothing had to be sent.");
  });

  it.each([{ ctrlKey: true }, { metaKey: true }])(
    "is pressed from the prompt with %j and Enter",
    async (keys) => {
      here = await openCompose({ prompt: "A" });
      await press(prompt(), "Enter");
      expect(here.kernel.of("generate")).toEqual([]);
      await press(prompt(), "Enter", keys);
      await pass();
      await pass(REST_MS);
      await press(prompt(), "Enter", { ...keys, repeat: true });
      await pass();
      expect(here.kernel.of("generate")).toHaveLength(1);
    },
  );

  it("takes along a value that was only just written", async () => {
    here = await openCompose({ prompt: "A {{animal}}" });
    await type(find(".veo-values input"), "fox");
    await press(find(".veo-values input"), "Enter", { ctrlKey: true });
    await pass();
    expect(here.kernel.of("generate")[0]).toMatchObject({ draft: { variables: { animal: ["fox"] } } });
  });

  it("says why it was not sent, and that an answer that is missing is no reason to fear for money", async () => {
    here = await openCompose({ prompt: "A" });
    here.kernel.on("generate", () =>
      Promise.reject(new RequestError("budget", "The budget is spent.", "Raise it.")),
    );
    await click(button());
    await pass(REST_MS);
    expect(texts(".veo-foot .veo-problems p")).toEqual(["The budget is spent. Raise it. "]);
    here.kernel.refuse("generate");
    await click(button());
    await pass();
    expect(find(".veo-foot .veo-problems").textContent).toContain("pressing again does not send it twice");
  });

  describe("of a large sweep", () => {
    const dialog = () => find("dialog");
    const text = () => all("dialog");

    beforeEach(async () => {
      here = await openCompose({ prompt: "A" }, { check: exampleCheck("sweep") });
      const message = "This sweep asks for 144 clips, about $172.80.";
      here.kernel.on("generate", ({ confirm }: { confirm: boolean }) =>
        confirm
          ? { jobs: ["1", "2"], sweep: "s1", question: "" }
          : { jobs: [], sweep: "", question: message },
      );
      await click(button());
      await pass(REST_MS);
    });

    it("asks first, in words for a page", () => {
      expect(dialog().textContent).toContain("This sweep asks for 144 clips, about $172.80.");
      expect(here.kernel.of("generate")).toHaveLength(1);
    });

    it("goes ahead when told, and is sent once", async () => {
      const yes = find("dialog .veo-primary");
      expect(yes.textContent).toBe("Generate 4 clips");
      await click(yes);
      await pass();
      expect(here.kernel.of("generate").map(({ confirm }) => confirm)).toEqual([false, true]);
      expect(text()).toEqual([]);
      expect(here.said).toContain("On their way: 2 jobs");
    });

    it("is left with the other button, and nothing is sent", async () => {
      await click(find("dialog .veo-buttons .veo-button"));
      await pass();
      expect(text()).toEqual([]);
      expect(here.kernel.of("generate")).toHaveLength(1);
    });

    it("is not sent by the keys that sent it", async () => {
      await press(prompt(), "Enter", { ctrlKey: true });
      await pass();
      expect(here.kernel.of("generate")).toHaveLength(1);
    });
  });

  it("offers another take of a clip that is there", async () => {
    here = await openCompose({ prompt: "A" }, { check: exampleCheck("stored") });
    await click(all(".veo-foot-buttons .veo-button")[1]);
    expect(here.draft().take).toBe(2);
  });
});
