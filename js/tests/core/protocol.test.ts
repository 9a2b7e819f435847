import { describe, expect, it, test } from "vitest";
import { isReply } from "../../src/core/connection";
import { formatLine } from "../../src/core/line";
import { lines } from "../fixtures";

const ERROR = { code: "not_found", message: "There is no job 3f2a.", hint: "%veo lists the jobs." };

describe("the live line", () => {
  test.each(lines)("is $text", ({ parts, now, text }) => {
    expect(formatLine(parts, now)).toBe(text);
  });
});

describe("a reply", () => {
  it("is told from other messages", () => {
    expect(isReply({ kind: "reply", id: "a", ok: {} })).toBe(true);
    expect(isReply({ kind: "reply", id: "a", error: ERROR })).toBe(true);
  });

  test.each([
    null,
    7,
    "reply",
    [],
    {},
    { kind: "reply", id: "a" },
    { kind: "reply", id: 7, ok: {} },
    { kind: "reply", ok: {} },
    { kind: "event", id: "a", ok: {} },
    { kind: "reply", id: "a", ok: [] },
    { kind: "reply", id: "a", error: "no" },
    { kind: "reply", id: "a", error: { ...ERROR, message: 7 } },
    { kind: "reply", id: "a", ok: {}, error: ERROR },
  ])("is not %j", (raw: unknown) => {
    expect(isReply(raw)).toBe(false);
  });
});
