import { describe, expect, it, test } from "vitest";
import { isReply } from "../../src/core/connection";
import { formatLine } from "../../src/core/line";
import { STATES } from "../../src/core/protocol";
import { cards, lines, messages } from "../fixtures";

describe("the live line", () => {
  test.each(lines)("is $text", ({ parts, now, text }) => {
    expect(formatLine(parts, now)).toBe(text);
  });
});

describe("a reply", () => {
  test.each(messages.replies)("is told from other messages: %j", (raw) => {
    expect(isReply(raw)).toBe(true);
  });

  test.each(messages["not replies"])("is not %j", (raw) => {
    expect(isReply(raw)).toBe(false);
  });
});

describe("the example cards", () => {
  it("show every state", () => {
    expect(new Set(Object.values(cards).map((card) => card.state))).toEqual(new Set(STATES));
  });
});
