import { afterEach, describe, expect, it } from "vitest";
import { type Intent, intentOf } from "../../src/compare/keys";

afterEach(() => document.body.replaceChildren());

function on(tag: string, key: string, more: KeyboardEventInit = {}): Intent | undefined {
  const element = document.body.appendChild(document.createElement(tag));
  let found: Intent | undefined;
  element.addEventListener("keydown", (event) => {
    found = intentOf(event);
  });
  element.dispatchEvent(new KeyboardEvent("keydown", { key, ...more }));
  return found;
}

describe("a key", () => {
  it.each([
    ["ArrowLeft", "left"],
    ["ArrowRight", "right"],
    ["t", "tie"],
    ["S", "skip"],
    ["1", "left"],
    ["2", "right"],
    ["3", "tie"],
    ["4", "skip"],
  ])("%s votes %s, on the clips and on a button", (key, choice) => {
    expect(on("div", key)).toEqual({ kind: "vote", choice });
    expect(on("button", key)).toEqual({ kind: "vote", choice });
  });

  it("takes back with U, and with Ctrl or Cmd and Z", () => {
    const undo = { kind: "undo" };
    expect([on("div", "u"), on("div", "z", { ctrlKey: true }), on("div", "z", { metaKey: true })]).toEqual([
      undo,
      undo,
      undo,
    ]);
    expect(on("div", "z")).toBeUndefined();
  });

  it("is the page's own with Ctrl or Alt, and in a field", () => {
    expect(on("div", "s", { ctrlKey: true })).toBeUndefined();
    expect(on("div", "ArrowLeft", { altKey: true })).toBeUndefined();
    expect([on("input", "t"), on("input", "z", { ctrlKey: true }), on("input", "ArrowLeft")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("presses the button that it is on with Space, and plays elsewhere", () => {
    expect(on("button", " ")).toBeUndefined();
    expect(on("div", " ")).toEqual({ kind: "play" });
  });
});
