import { describe, expect, it } from "vitest";
import templates from "../../../../tests/fixtures/templates.json";
import {
  asked,
  differs,
  EMPTY,
  isEmpty,
  ledText,
  piecesOf,
  ratiosOf,
  shareOf,
  splitValues,
  variablesOf,
  withField,
  withoutPicture,
  withPrompt,
  withValues,
} from "../../../src/panel/compose/draft";
import { largest, moved, SMALLEST, sized } from "../../../src/panel/compose/pictures/crop";
import type { Draft } from "../../../src/protocol.gen";
import { examplePanel } from "../../fixtures";

const draft = (changes: Partial<Draft>): Draft => ({ ...EMPTY, ...changes });

describe("a prompt's variables", () => {
  it.each(templates as [string, string[]][])("are those that Python finds: %s", (prompt, names) => {
    expect(variablesOf(prompt)).toEqual(names);
  });

  it("are names, and no way into a value: Python says what is wrong with that", () => {
    expect(variablesOf("{{1a}} {{a b}} {{}} {{a.b}} {{a[0]}} {{a}")).toEqual([]);
  });

  it("are pieces of it that make the whole again", () => {
    const prompt = "{{a}}{{b}} then\n{{ c }}.";
    expect(piecesOf(prompt).map((piece) => piece.text)).toEqual([
      "{{a}}",
      "{{b}}",
      " then\n",
      "{{ c }}",
      ".",
    ]);
    expect(piecesOf(prompt).map((piece) => piece.variable)).toEqual([true, true, false, true, false]);
    expect(piecesOf("")).toEqual([]);
  });

  it("keep their values while their name is being changed", () => {
    const before = draft({
      prompt: "A {{animal}} at {{time}}",
      variables: { animal: ["fox"], time: ["dawn"] },
    });
    const after = withPrompt(before, "A {{anima}} at {{time}}");
    expect(after.variables).toEqual({ anima: ["fox"], time: ["dawn"] });
    expect(withPrompt(after, "A {{beast}} at {{time}}").variables).toEqual({
      beast: ["fox"],
      time: ["dawn"],
    });
  });

  it("do not take over another one's values", () => {
    const before = draft({ prompt: "{{a}} {{b}}", variables: { a: ["1"], b: ["2"], c: ["3"] } });
    expect(withPrompt(before, "{{c}} {{b}}").variables).toEqual(before.variables);
    expect(withPrompt(before, "{{x}} {{y}}").variables).toEqual(before.variables);
    expect(withPrompt(before, "{{b}} {{x}}").variables).toEqual(before.variables);
  });

  it("keep their values while they are not in the prompt, but are not asked for then", () => {
    const gone = withPrompt(draft({ prompt: "{{a}}", variables: { a: ["1"] } }), "");
    expect(gone.variables).toEqual({ a: ["1"] });
    expect(asked(gone).variables).toEqual({});
    expect(asked(withPrompt(gone, "{{a}} {{b}}")).variables).toEqual({ a: ["1"], b: [] });
  });
});

describe("values in one text", () => {
  it.each([
    ["fox, owl ,  cat,", ["fox", "owl", "cat"]],
    ["black and white, hard || soft", ["black and white, hard", "soft"]],
    ["fox, red\r\nowl\n\n", ["fox, red", "owl"]],
    ["fox\n", ["fox"]],
    [" , ", []],
    ["狐狸，猫头鹰、鹿", ["狐狸", "猫头鹰", "鹿"]],
    ["ثعلب، بومة", ["ثعلب", "بومة"]],
    ["黑，白｜｜柔和", ["黑，白", "柔和"]],
  ])("%j", (text, values) => {
    expect(splitValues(text)).toEqual(values);
  });

  it("are added once each, at the end", () => {
    expect(withValues(["a", "b"], ["b", "c", "c"])).toEqual(["a", "b", "c"]);
  });
});

describe("a draft", () => {
  it("leaves a field to the provider once it has no value", () => {
    const set = withField(draft({}), "seed", [7]);
    expect(set.fields).toEqual({ seed: [7] });
    expect(withField(set, "seed", []).fields).toEqual({});
  });

  it("is asked for without what is empty", () => {
    expect(
      asked(draft({ fields: { negative_prompt: ["", "blurry"], seed: [""], model: ["fast"] } })).fields,
    ).toEqual({ negative_prompt: ["blurry"], model: ["fast"] });
    expect(isEmpty(draft({ fields: { seed: [""] } }))).toBe(true);
    expect(isEmpty(draft({ take: 2 }))).toBe(false);
  });

  it("forgets how pictures are made to fit with the last frame that is taken away", () => {
    const two = draft({ image: ["a"], last_frame: ["b"], fit: "pad" });
    const one = withoutPicture(two, "image", "a");
    expect(one).toEqual(draft({ last_frame: ["b"], fit: "pad" }));
    expect(withoutPicture(one, "last_frame", "b")).toEqual(draft({}));
  });

  it("has the shapes that were chosen, else the provider's own", () => {
    const setup = examplePanel("empty").panel;
    expect(ratiosOf(draft({}), setup)).toEqual(["16:9"]);
    expect(ratiosOf(draft({ fields: { aspect_ratio: ["9:16", "16:9"] } }), setup)).toEqual(["9:16", "16:9"]);
    expect(ratiosOf(draft({}), { ...setup, fields: [] })).toEqual([]);
  });

  const [wide, upright, square] = [
    { width: 3, height: 2 },
    { width: 3, height: 4 },
    { width: 1, height: 1 },
  ];

  it.each([
    [[wide], [], ["16:9"], ""],
    [[upright], [], ["9:16"], "9:16, as the first frame"],
    [[square], [], ["16:9"], ""],
    [[square], [upright], ["9:16"], "9:16, as the last frame"],
    [[upright, wide], [], ["9:16", "16:9"], "9:16 or 16:9, as the first frame"],
    [[], [upright], ["16:9"], ""],
  ])("has the shapes that its frames lead to: %j %j", (first, last, ratios, text) => {
    const setup = examplePanel("empty").panel;
    const form = setup.fields.find(({ name }) => name === "aspect_ratio");
    if (form === undefined) throw new Error("the form has no shape");
    expect(ratiosOf(draft({}), setup, { first, last })).toEqual(ratios);
    expect(ledText(draft({}), form, { first, last })).toBe(text);
    expect(ratiosOf(draft({ fields: { aspect_ratio: ["16:9"] } }), setup, { first, last })).toEqual(["16:9"]);
  });

  it("takes the nearest of a model's shapes, a square among them", () => {
    const setup = structuredClone(examplePanel("empty").panel);
    const form = setup.fields.find(({ name }) => name === "aspect_ratio");
    if (form === undefined) throw new Error("the form has no shape");
    form.choices = ["16:9", "4:3", "9:16", "3:4", "1:1"].map((value) => ({ value, label: value, group: "" }));
    const led = (width: number, height: number) =>
      ratiosOf(draft({}), setup, { first: [{ width, height }], last: [] });
    expect([led(4, 3), led(3, 4), led(2, 1), led(1, 1)]).toEqual([["4:3"], ["3:4"], ["16:9"], ["1:1"]]);
    expect(ledText(draft({}), form, { first: [square], last: [upright] })).toBe("1:1, as the first frame");
    form.unset = "";
    expect(led(3, 4)).toEqual([]);
    expect(ledText(draft({}), form, { first: [upright], last: [] })).toBe("");
  });

  it("has shapes that are shares", () => {
    expect(shareOf("16:9")).toBeCloseTo(1.778, 3);
    expect(shareOf("wide")).toBe(0);
  });

  it("knows a picture of another shape from one that was rounded", () => {
    expect(differs({ width: 1366, height: 768 }, "16:9")).toBe(false);
    expect(differs({ width: 1600, height: 1200 }, "16:9")).toBe(true);
    expect(differs({ width: 1280, height: 720 }, "9:16")).toBe(true);
  });
});

describe("the part of a picture that is kept", () => {
  const picture = { width: 1600, height: 1200 };
  const full = largest(16 / 9, picture);
  const shape = (area: typeof full) => (area.width * picture.width) / (area.height * picture.height);

  it("is the largest in the middle at first", () => {
    expect([full.x, full.width]).toEqual([0, 1]);
    expect(full.y).toBeCloseTo(0.125);
    expect(full.height).toBeCloseTo(0.75);
    const tall = largest(9 / 16, picture);
    expect([tall.height, tall.y]).toEqual([1, 0]);
    expect(shape(tall)).toBeCloseTo(9 / 16);
    expect(tall.x).toBeCloseTo((1 - tall.width) / 2);
  });

  it("moves as far as the picture goes", () => {
    expect(moved(full, 0.5, 0.05)).toEqual({ ...full, y: full.y + 0.05 });
    expect(moved(full, 0, 1).y).toBeCloseTo(0.25);
    expect(moved(full, 0, -1).y).toBe(0);
  });

  it("keeps its shape and stays in the picture, whatever is done to it", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    const ends = [0, 0.5, 1] as const;
    const end = () => ends[Math.floor(random() * 3)] ?? 0;
    let area = full;
    for (let i = 0; i < 500; i++) {
      area = moved(area, random() - 0.5, random() - 0.5);
      area = sized(area, full, random() * 1.5, { x: end(), y: end() });
      expect(shape(area)).toBeCloseTo(16 / 9);
      expect(area.width).toBeGreaterThanOrEqual(full.width * SMALLEST - 1e-9);
      expect(Math.min(area.x, area.y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(area.x + area.width, area.y + area.height)).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it("is sized from the corner that is held", () => {
    const half = sized(full, full, 0.5, { x: 1, y: 1 });
    expect(half.x + half.width).toBeCloseTo(1);
    expect(half.y + half.height).toBeCloseTo(0.875);
    expect(half.width).toBeCloseTo(0.5);
    const grown = sized(half, full, 1, { x: 0, y: 0 });
    expect([grown.x, grown.y]).toEqual([half.x, half.y]);
    expect(grown.x + grown.width).toBeCloseTo(1);
  });
});
