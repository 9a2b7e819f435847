import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { putIn } from "../../../src/panel/compose/tips";
import { click, closeStage } from "../stage";
import { type Composing, findIn, openCompose } from "./composing";

const FILE = join(import.meta.dirname, "../../../../tests/fixtures/tips.json");
interface Placed {
  prompt: string;
  name: string;
  first: boolean;
  phrase: string;
  put: string;
}
const { placed } = JSON.parse(readFileSync(FILE, "utf-8")) as { placed: Placed[] };

describe("a phrase", () => {
  it.each(placed)("goes where Python puts it: $put", ({ prompt, phrase, put, ...tip }) => {
    expect(putIn(prompt, tip, phrase)).toBe(put);
  });
});

describe("the tips", () => {
  let here: Composing;
  const all = (selector: string) => findIn(here).all(selector);
  const find = (selector: string) => findIn(here).find(selector);
  const button = (name: string) =>
    all(".veo-tips button").find(
      (one) => (one.getAttribute("aria-label") ?? one.textContent) === name,
    ) as HTMLElement;
  beforeEach(() => void vi.useFakeTimers());
  afterEach(async () => {
    await closeStage(here);
    vi.useRealTimers();
  });

  it("say in a line what is open, and ask it of who can't see the rows", async () => {
    here = await openCompose({ prompt: "A fox runs" });
    expect(find(".veo-tips summary").textContent).toBe("Tips Left open: camera, sound");
    expect(all(".veo-tips [role=group]").map((one) => one.getAttribute("aria-label"))).toEqual([
      "From where is it filmed, and how does the camera move?",
      "What is to be heard?",
      "Through which lens, and what is sharp?",
    ]);
  });

  it("put a phrase into the prompt, which has the focus then, and say so", async () => {
    here = await openCompose({ prompt: "A fox runs" });
    await click(button("Music: a slow piano"));
    expect(here.draft().prompt).toBe("A fox runs. Music: a slow piano.");
    expect(document.activeElement).toBe(find("textarea[aria-label=Prompt]"));
    expect(here.said).toContain("Put in: Music: a slow piano");
  });

  it("make the axis of a sweep, whose values can be changed below", async () => {
    here = await openCompose({ prompt: "A {{animal}} runs", variables: { animal: ["fox"] } });
    await click(button("Vary camera"));
    expect(here.draft().prompt).toBe("{{camera}}. A {{animal}} runs");
    expect(here.draft().variables).toEqual({
      animal: ["fox"],
      camera: ["Slow dolly in", "Tracking shot from the side", "Locked-off camera"],
    });
    expect(all("[aria-label='Values of camera'] .veo-chip")).toHaveLength(3);
  });
});
