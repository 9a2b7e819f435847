import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { changesOf, textOf } from "../../../src/panel/queue/changes";
import { moved } from "../../../src/panel/queue/order";
import { inOrder, QueueList } from "../../../src/panel/queue/queue";
import type { Queue, Row } from "../../../src/protocol.gen";
import { click, closeStage, exampleRow, FakeKernel, NOW, openStage, pass, press, type Stage } from "../stage";

let stage: Stage;
let kernel: FakeKernel;
let rows: Row[];
let queue: Queue;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  kernel = new FakeKernel();
  stage = openStage(kernel);
});

afterEach(async () => {
  await closeStage(stage);
  expect(vi.getTimerCount()).toBe(0);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const draw = () => stage.show(<QueueList queue={queue} rows={rows} />);
const show = (given: Row[], changes: Partial<Queue> = {}) => {
  rows = given;
  queue = { order: given.map(({ job }) => job), more: 0, line: [], ...changes };
  return draw();
};
const all = (selector: string) => [...stage.el.querySelectorAll<HTMLElement>(selector)];
const row = (job: string) => stage.el.querySelector<HTMLElement>(`[data-job="${job}"]`) as HTMLElement;
const button = (job: string, label: string) =>
  [...row(job).querySelectorAll("button")].find(
    (one) => one.textContent === label || one.getAttribute("aria-label")?.startsWith(label),
  );
const jobs = () => all(".veo-job").map((one) => one.dataset["job"]);
const waiting = (job: string): Row =>
  exampleRow({
    job,
    state: "queued",
    line: ["Waiting for a free slot"],
    progress: null,
    actions: ["cancel", "move"],
  });
const three = () => [exampleRow(), ...["a1", "b2", "c3"].map(waiting)];

describe("the queue", () => {
  it("says in words that nothing is on its way", async () => {
    await show([]);
    expect(stage.el.textContent).toContain("Nothing is on its way.");
  });

  it("says what happens to each, and counts", async () => {
    await show([exampleRow()], { line: ["1 generating"] });
    expect(row("3f2a").textContent).toContain("Generating · 0:42");
    expect(row("3f2a").querySelector("[role=img]")?.getAttribute("aria-label")).toBe("running");
    expect(all(".veo-part-head span")[0]?.textContent).toBe("1 generating");
    await pass(3000);
    expect(row("3f2a").textContent).toContain("Generating · 0:45");
  });

  it("is in the order that the kernel says, whatever order its traits are in", () => {
    const given = [waiting("b2"), waiting("a1"), waiting("gone")];
    expect(inOrder(["a1", "b2", "coming"], given).map(({ job }) => job)).toEqual(["a1", "b2"]);
  });

  it("says how many more there are", async () => {
    await show([exampleRow()], { more: 12 });
    expect(all(".veo-job-more")[0]?.textContent).toBe("and 12 more that wait");
  });

  it("shows a bar that never goes back, though the time expected grows", async () => {
    await show([exampleRow()]);
    const share = () => row("3f2a").querySelector<HTMLElement>(".veo-bar > div")?.style.transform;
    expect(share()).toBe("scaleX(0.4995)");
    await show([exampleRow({ progress: { kind: "estimate", since: NOW - 42, usual: 400, slope: 8 } })]);
    expect(share()).toBe("scaleX(0.4995)");
  });

  it("has no bar while it waits", async () => {
    await show([waiting("a1")]);
    expect(all(".veo-bar")).toEqual([]);
  });

  it("keeps its elements while it changes", async () => {
    await show(three());
    const before = row("a1");
    await show([waiting("n0"), exampleRow({ state: "downloading" }), ...["a1", "b2", "c3"].map(waiting)]);
    expect(row("a1")).toBe(before);
  });

  it("stays text where it is hostile", async () => {
    await show([exampleRow({ prompt: "<b>x</b>", settings: "<i>y</i>", line: ["<script>z</script>"] })]);
    expect(all("b, i, script")).toEqual([]);
  });

  it("keeps its height while somebody points at what is below, and no longer", async () => {
    await show(three());
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(200);
    await draw();
    const matches = vi.spyOn(Element.prototype, "matches").mockReturnValue(true);
    await show([]);
    const height = () => all(".veo-queue-empty")[0]?.style.minHeight;
    expect(height()).toBe("200px");
    expect(stage.el.textContent).toContain("Nothing is on its way.");
    matches.mockReturnValue(false);
    await act(() => void stage.el.dispatchEvent(new Event("pointerout")));
    expect(height()).toBe("");
  });
});

describe("what can be done with a job", () => {
  it.each([
    ["cancel", "Cancel", "Stopping…"],
    ["rerun", "Try again", "Asking again…"],
    ["retry", "Fetch", "Fetching…"],
  ] as const)("%s is asked once, and says so", async (action, label, asked) => {
    kernel.on(action, () => ({ job: "n0" }));
    await show([exampleRow({ actions: [action] })]);
    const one = button("3f2a", label);
    await click(one);
    await click(one);
    await pass();
    expect(kernel.of(action)).toEqual([{ job: "3f2a" }]);
    expect(one?.textContent).toBe(asked);
    expect(one?.getAttribute("aria-disabled")).toBe("true");
  });

  it("can be asked again after a refusal, which is said", async () => {
    kernel.refuse("cancel", "No job 3f2a.", "Look at the queue.");
    await show([exampleRow()]);
    await click(button("3f2a", "Cancel"));
    await pass();
    expect(stage.said).toEqual(["No job 3f2a. Look at the queue."]);
    expect(button("3f2a", "Cancel")?.getAttribute("aria-disabled")).toBe("false");
  });

  it("sends a second time only after a question", async () => {
    kernel.on("resubmit", () => ({}));
    await show([exampleRow({ state: "uncertain", progress: null, actions: ["resubmit", "dismiss"] })]);
    await click(button("3f2a", "Send again…"));
    expect(kernel.sent).toEqual([]);
    expect(row("3f2a").textContent).toContain("accepted and charged already");
    expect(document.activeElement?.textContent).toBe("Send again");
    await click(button("3f2a", "Leave it"));
    expect(kernel.sent).toEqual([]);
    await click(button("3f2a", "Send again…"));
    await click(button("3f2a", "Send again"));
    await pass();
    expect(kernel.of("resubmit")).toEqual([{ job: "3f2a" }]);
  });

  it("dismisses", async () => {
    await show([exampleRow({ state: "failed", actions: ["rerun", "dismiss"] })]);
    await click(button("3f2a", "Dismiss"));
    expect(kernel.of("dismiss")).toEqual([{ job: "3f2a" }]);
  });

  it("leaves the focus in the row when its button goes, and with the next when the row goes", async () => {
    await show(three());
    button("3f2a", "Cancel")?.focus();
    await show([exampleRow({ state: "cancelled", actions: ["dismiss"] }), ...three().slice(1)]);
    expect(document.activeElement).toBe(row("3f2a"));
    await show(three().slice(1));
    expect(document.activeElement).toBe(row("a1"));
    button("b2", "Cancel")?.focus();
    await show(["a1", "c3"].map(waiting));
    expect(document.activeElement).toBe(row("c3"));
    await show([]);
    expect(document.activeElement?.textContent).toBe("Queue");
  });
});

describe("moving", () => {
  it("puts one before another, or at the end", () => {
    expect(moved(["a", "b", "c"], "c", "a")).toEqual(["c", "a", "b"]);
    expect(moved(["a", "b", "c"], "a", "")).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b"], "a", "gone")).toEqual(["a", "b"]);
  });

  it("goes by Alt and the arrows, is shown at once and announced", async () => {
    kernel.on("move", () => ({}));
    await show(three());
    button("b2", "Move")?.focus();
    await press(button("b2", "Move") as Element, "ArrowUp", { altKey: true });
    expect(jobs()).toEqual(["3f2a", "b2", "a1", "c3"]);
    expect(kernel.of("move")).toEqual([{ job: "b2", before: "a1" }]);
    expect(document.activeElement).toBe(button("b2", "Move"));
    await pass();
    expect(stage.said).toEqual(["b2 is number 1 of 3 that wait"]);
  });

  it("goes down by having the next sent before, so that those not shown stay behind", async () => {
    kernel.on("move", () => ({}));
    await show(three(), { more: 5 });
    await press(button("b2", "Move") as Element, "ArrowDown", { altKey: true });
    await pass();
    expect(jobs()).toEqual(["3f2a", "a1", "c3", "b2"]);
    expect(kernel.of("move")).toEqual([{ job: "c3", before: "b2" }]);
    expect(stage.said).toEqual(["b2 is number 3 of 8 that wait"]);
  });

  it("says where it ends", async () => {
    await show(three());
    await press(button("a1", "Move") as Element, "ArrowUp", { altKey: true });
    await press(button("c3", "Move") as Element, "ArrowDown", { altKey: true });
    expect(stage.said).toEqual(["a1 is sent next", "c3 is the last that is shown"]);
    expect(kernel.sent).toEqual([]);
  });

  it("is taken back when it is refused", async () => {
    kernel.refuse("move", "a1 was sent already.", "");
    await show(three());
    await press(button("b2", "Move") as Element, "ArrowUp", { altKey: true });
    await pass();
    expect(jobs()).toEqual(["3f2a", "a1", "b2", "c3"]);
    expect(stage.said).toEqual(["a1 was sent already."]);
  });

  it("gives way to what the kernel says", async () => {
    await show(three());
    await press(button("b2", "Move") as Element, "ArrowUp", { altKey: true });
    await show(["b2", "c3", "a1"].map(waiting));
    expect(jobs()).toEqual(["b2", "c3", "a1"]);
  });

  it("is not offered for what was sent", async () => {
    await show(three());
    expect(button("3f2a", "Move")).toBeUndefined();
  });

  describe("by drag", () => {
    const pointer = (type: string, target: EventTarget, clientY = 0) =>
      act(() => void target.dispatchEvent(new PointerEvent(type, { bubbles: true, clientY, button: 0 })));
    const listening = () => {
      const open = new Set<unknown>();
      const add = window.addEventListener.bind(window);
      vi.spyOn(window, "addEventListener").mockImplementation((type, listener, options) => {
        open.add(listener);
        (options as AddEventListenerOptions).signal?.addEventListener("abort", () => open.delete(listener));
        add(type, listener as EventListener, options);
      });
      return () => open.size;
    };

    beforeEach(() => {
      vi.spyOn(Element.prototype, "getBoundingClientRect").mockImplementation(function (this: Element) {
        return { top: jobs().indexOf((this as HTMLElement).dataset["job"]) * 50, height: 50 } as DOMRect;
      });
    });

    it("drops it where the pointer is", async () => {
      kernel.on("move", () => ({}));
      await show(three());
      const open = listening();
      await pointer("pointerdown", button("c3", "Move") as Element);
      await pointer("pointermove", window, 60);
      expect(row("a1").dataset["mark"]).toBe("before");
      await pointer("pointerup", window, 60);
      expect(jobs()).toEqual(["3f2a", "c3", "a1", "b2"]);
      expect(kernel.of("move")).toEqual([{ job: "c3", before: "a1" }]);
      expect(open()).toBe(0);
    });

    it("drops it at the end", async () => {
      await show(three());
      await pointer("pointerdown", button("a1", "Move") as Element);
      await pointer("pointermove", window, 400);
      expect(row("c3").dataset["mark"]).toBe("after");
      await pointer("pointerup", window, 400);
      expect(kernel.of("move")).toEqual([{ job: "a1", before: "" }]);
    });

    it("is given up with Escape, which does nothing else then", async () => {
      const outer = vi.fn();
      stage.el.addEventListener("keydown", outer);
      await show(three());
      await pointer("pointerdown", button("c3", "Move") as Element);
      await pointer("pointermove", window, 60);
      await press(button("c3", "Move") as Element, "Escape");
      await pointer("pointerup", window, 60);
      expect(kernel.sent).toEqual([]);
      expect(outer).not.toHaveBeenCalled();
    });

    it("leaves no listener when the view goes meanwhile", async () => {
      await show(three());
      const open = listening();
      await pointer("pointerdown", button("c3", "Move") as Element);
      expect(open()).toBeGreaterThan(0);
      await stage.show(null);
      expect(open()).toBe(0);
    });
  });
});

describe("what is read out", () => {
  const before = new Map([
    ["3f2a", "running"],
    ["a1", "queued"],
  ] as const);

  it("is what came of a job, not each step of it", async () => {
    await show(three());
    await show([exampleRow({ state: "downloading" }), ...three().slice(1)]);
    expect(stage.said).toEqual([]);
    await show(three().slice(1));
    expect(stage.said).toEqual(["3f2a: made"]);
  });

  it("is a failure, and nothing of a job that was only put aside", () => {
    expect(changesOf(before, [exampleRow({ state: "blocked" })])).toEqual([
      ["3f2a", "blocked by the safety filter"],
    ]);
    expect(changesOf(new Map([["3f2a", "failed"]]), [])).toEqual([]);
    expect(changesOf(new Map(), [exampleRow({ state: "failed" })])).toEqual([]);
  });

  it("is a number when there are many", () => {
    expect(
      textOf([
        ["a", "made"],
        ["b", "made"],
        ["c", "failed"],
      ]),
    ).toBe("2 made, 1 failed");
  });
});
