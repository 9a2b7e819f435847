import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect, TIMEOUT_MS } from "../../src/core/connection";
import { exampleCard } from "../fixtures";
import { FakeModel } from "../kernel";

let model: FakeModel;
let controller: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel(exampleCard("running"));
  controller = new AbortController();
});
afterEach(() => vi.useRealTimers());

const open = () => connect(model.as(), controller.signal);

describe("a request", () => {
  it("goes out with an id of its own and a payload", () => {
    void open()("cancel-job", { job: "3f2a" }).catch(() => undefined);
    void open()("clock").catch(() => undefined);
    expect(model.sent).toEqual([
      { kind: "cancel-job", payload: { job: "3f2a" }, id: expect.stringMatching(/^.{1,100}$/) },
      { kind: "clock", payload: {}, id: expect.stringMatching(/^.{1,100}$/) },
    ]);
    expect(model.sent[0]?.id).not.toBe(model.sent[1]?.id);
  });

  it("gives what the kernel granted", async () => {
    const answer = open()("clock");
    model.grant("clock", { now: 7 });
    expect(await answer).toEqual({ now: 7 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails with the kernel's own words", async () => {
    const answer = open()("cancel");
    model.refuse("cancel", "There is no job 3f2a.", "%veo lists the jobs.");
    await expect(answer).rejects.toMatchObject({
      code: "not_found",
      message: "There is no job 3f2a.",
      hint: "%veo lists the jobs.",
    });
  });

  it("takes only its own answer", async () => {
    const request = open();
    const [first, second] = [request("cancel"), request("cancel")];
    const [a, b] = model.sent;
    model.emit("msg:custom", { kind: "reply", id: "someone else's", ok: { of: "nobody" } });
    model.emit("msg:custom", { kind: "reply", id: b?.id, ok: { of: "second" } });
    model.emit("msg:custom", { kind: "reply", id: a?.id, ok: { of: "first" } });
    expect([await first, await second]).toEqual([{ of: "first" }, { of: "second" }]);
  });

  it("says so when the kernel does not answer", async () => {
    const answer = open()("cancel");
    const refused = expect(answer).rejects.toMatchObject({
      code: "timeout",
      message: "No answer from the kernel: it may be busy.",
      hint: "The job goes on.",
    });
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    await refused;
    model.grant("cancel"); // Too late, and nobody minds.
  });

  it("that got no answer is asked again as the same, until an answer comes", async () => {
    const request = open();
    const ids = () => model.sent.map(({ id }) => id);
    void request("another", { clip: "3f2a/0" }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    void request("another", { clip: "9c01/0" }).catch(() => undefined);
    const again = request("another", { clip: "3f2a/0" });
    expect(ids()).toEqual([ids()[0], expect.not.stringMatching(ids()[0] ?? ""), ids()[0]]);
    model.grant("another", { job: "n3w1" });
    expect(await again).toEqual({ job: "n3w1" });
    void request("another", { clip: "3f2a/0" }).catch(() => undefined);
    expect(new Set(ids()).size).toBe(3);
  });

  it("whose answer came too late is another one the next time", async () => {
    const request = open();
    void request("another", { clip: "3f2a/0" }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    model.grant("another", { job: "n3w1" });
    void request("another", { clip: "3f2a/0" }).catch(() => undefined);
    expect(new Set(model.sent.map(({ id }) => id)).size).toBe(2);
  });

  it("ends with the view, and leaves neither timer nor listener", async () => {
    const answer = open()("cancel");
    expect([model.listening, vi.getTimerCount()]).toEqual([1, 1]);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: "closed" });
    expect([model.listening, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
