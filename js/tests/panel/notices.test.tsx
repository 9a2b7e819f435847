import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEPT_MS, KNOWN_MS } from "../../src/core/announce";
import { type Notices, OFFERED_MS, useNotices } from "../../src/core/ui/notices";
import { NoticePlace } from "../../src/panel/notices";
import { spoken } from "../spoken";

let el: HTMLElement;
let notices: Notices;

function Probe() {
  notices = useNotices();
  return <NoticePlace notice={notices.notice} clear={notices.clear} />;
}

const shown = () => el.querySelector(".veo-notice")?.textContent ?? "";
const pass = (milliseconds: number) => act(() => void vi.advanceTimersByTime(milliseconds));

beforeEach(async () => {
  vi.useFakeTimers();
  el = document.body.appendChild(document.createElement("div"));
  await act(() => render(<Probe />, el));
});

afterEach(async () => {
  await act(() => render(null, el));
  el.remove();
  vi.useRealTimers();
});

describe("words to the person", () => {
  it("are shown and read out, and go after a while", async () => {
    await act(() => notices.say("Copied"));
    expect([shown(), ...(await spoken())]).toEqual(["Copied", "Copied"]);
    await pass(KNOWN_MS + KEPT_MS);
    expect([shown(), ...(await spoken())]).toEqual([""]);
  });

  it("may be for the ear alone", async () => {
    await act(() => notices.say("Rated 4 of 5", true));
    expect([shown(), ...(await spoken())]).toEqual(["", "Rated 4 of 5"]);
  });

  it("carry a button for what can still be done, which works once", async () => {
    const restore = vi.fn();
    await act(() => notices.offer("Deleted", "Undo", restore));
    await pass(OFFERED_MS - 1);
    await act(() => el.querySelector("button")?.click());
    expect(restore).toHaveBeenCalledTimes(1);
    expect(shown()).toBe("");
  });

  it("give the focus back to where it was before that button, pressed or gone by itself", async () => {
    const before = document.body.appendChild(document.createElement("button"));
    for (const end of [() => act(() => el.querySelector("button")?.click()), () => pass(OFFERED_MS)]) {
      await act(() => notices.offer("Deleted", "Undo", () => {}));
      before.focus();
      el.querySelector("button")?.dispatchEvent(
        new FocusEvent("focusin", { bubbles: true, relatedTarget: before }),
      );
      el.querySelector("button")?.focus();
      await end();
      expect(document.activeElement).toBe(before);
    }
    before.remove();
  });

  it("for the ear alone leave such a button where it is", async () => {
    await act(() => notices.offer("Deleted", "Undo", () => {}));
    await act(() => notices.say("3f2a: made", true));
    expect(shown()).toBe("DeletedUndo");
    expect((await spoken()).at(-1)).toBe("3f2a: made");
  });

  it("are read out in the dialog that lies over all, and below it again once that is closed", async () => {
    const host = document.body.appendChild(document.createElement("div"));
    // marimo shows a view in a shadow.
    const shadow = host.attachShadow({ mode: "open" });
    const dialog = shadow.appendChild(document.createElement("dialog"));
    dialog.className = "veo-dialog";
    dialog.open = true;
    dialog.tabIndex = -1;
    dialog.focus();
    await act(() => notices.say("3f2a: made", true));
    await pass(KNOWN_MS);
    expect(dialog.textContent).toBe("3f2a: made");
    await act(() => notices.say("Deleted.", true));
    host.remove();
    expect(await spoken()).toContain("Deleted.");
  });
});
