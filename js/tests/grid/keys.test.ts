import { describe, expect, it, test } from "vitest";
import { intentOf, kindOfTarget, SHOWN } from "../../src/grid/keys";

describe("on a cell", () => {
  test.each([
    ["ArrowLeft", { kind: "move", row: 0, column: -1 }],
    ["ArrowDown", { kind: "move", row: 1, column: 0 }],
    ["Enter", { kind: "enlarge" }],
    [" ", { kind: "play" }],
    ["K", { kind: "play" }],
    [",", { kind: "step", frames: -1 }],
    [".", { kind: "step", frames: 1 }],
    ["j", { kind: "skip", seconds: -1 }],
    ["L", { kind: "skip", seconds: 1 }],
    ["Home", { kind: "start" }],
    ["m", { kind: "sound" }],
    ["o", { kind: "loop" }],
    ["0", { kind: "rate", rating: 0 }],
    ["5", { kind: "rate", rating: 5 }],
    ["s", { kind: "star" }],
    ["n", { kind: "note" }],
    ["x", { kind: "choose" }],
    ["c", { kind: "compare" }],
    ["w", { kind: "wipe" }],
    ["?", { kind: "help" }],
    ["Escape", { kind: "back" }],
  ])("%s is %j", (key, intent) => {
    expect(intentOf({ key }, "cell")).toEqual(intent);
  });

  test.each(["6", "z", "Tab", "F5", "home", "constructor"])("%s is left to the page", (key) => {
    expect(intentOf({ key }, "cell")).toBeUndefined();
  });

  it("looks elsewhere in what is zoomed with Shift and an arrow: the picture goes the other way", () => {
    expect(intentOf({ key: "ArrowRight", shiftKey: true }, "cell")).toEqual({ kind: "pan", x: -0.1, y: -0 });
    expect(intentOf({ key: "ArrowUp", shiftKey: true }, "cell")).toEqual({ kind: "pan", x: -0, y: 0.1 });
    expect(intentOf({ key: "?", shiftKey: true }, "cell")).toEqual({ kind: "help" });
  });

  it("leaves what is pressed with Ctrl, Cmd or Alt to the page", () => {
    for (const held of ["ctrlKey", "metaKey", "altKey"]) {
      expect(intentOf({ key: "s", [held]: true }, "cell")).toBeUndefined();
    }
  });
});

describe("on other elements", () => {
  it("a text keeps all keys but Escape", () => {
    expect(["1", "s", " ", "ArrowLeft", "?"].map((key) => intentOf({ key }, "text"))).toEqual(
      Array(5).fill(undefined),
    );
    expect(intentOf({ key: "Escape" }, "text")).toEqual({ kind: "back" });
  });

  it("a slider keeps its arrows, a button its Enter and Space, a menu its letters", () => {
    expect(intentOf({ key: "ArrowLeft" }, "slider")).toBeUndefined();
    expect(intentOf({ key: "k" }, "slider")).toEqual({ kind: "play" });
    expect(intentOf({ key: " " }, "button")).toBeUndefined();
    expect(intentOf({ key: "4" }, "button")).toEqual({ kind: "rate", rating: 4 });
    expect(intentOf({ key: "s" }, "menu")).toBeUndefined();
  });

  test.each([
    ["<textarea></textarea>", "text"],
    ["<input>", "text"],
    ["<input type=range>", "slider"],
    ["<div role=slider></div>", "slider"],
    ["<select></select>", "menu"],
    ["<button></button>", "button"],
    ["<div></div>", "cell"],
  ])("%s is a %s", (html, kind) => {
    const box = document.createElement("div");
    box.innerHTML = html;
    expect(kindOfTarget(box.firstElementChild as Element)).toBe(kind);
  });
});

it("shows every key that it knows", () => {
  const shown = SHOWN.flatMap(([keys]) => keys.split(/[ …]+/));
  for (const key of "K , . J L Home M O 1 5 0 S N X C W D H + − ? Esc Enter Space ← ↑ ↓ →".split(" ")) {
    expect(shown).toContain(key);
  }
});
