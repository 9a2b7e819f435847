import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SPARE } from "../../../src/core/media/videos";
import { useVideoSource, type VideoSource } from "../../../src/panel/media/media";
import type { Item } from "../../../src/protocol.gen";
import { closeStage, exampleItem, FakeKernel, openStage, pass, type Stage } from "../stage";

const SIZE = 2500;

let stage: Stage;
let kernel: FakeKernel;
let source: VideoSource;
const urls = new Map<string, Blob>();

beforeEach(() => {
  vi.useFakeTimers();
  let made = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    made += 1;
    urls.set(`blob:${made}`, blob as Blob);
    return `blob:${made}`;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void urls.delete(url));
  kernel = new FakeKernel().on("video", ({ offset }: { offset: number }) => {
    const bytes = new Uint8Array(Math.min(1000, SIZE - offset)).fill(offset / 1000);
    return { size: SIZE, next: offset + bytes.length, buffers: [new DataView(bytes.buffer)] };
  });
  stage = openStage(kernel);
});

afterEach(async () => {
  await closeStage(stage);
  expect([vi.getTimerCount(), urls.size]).toEqual([0, 0]);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function Probe({ item, wanted = true }: { item: Item; wanted?: boolean }) {
  source = useVideoSource(item, wanted);
  return null;
}
const show = (changes: Partial<Item> = {}, wanted = true) =>
  stage.show(<Probe item={exampleItem(changes)} wanted={wanted} />);
const hidden = () => stage.show(null);
const broken = () => act(() => source.onBroken());

describe("the source of a clip", () => {
  it("is the server's address where there is one", async () => {
    await show();
    expect([source.url, source.state]).toEqual(["/files/fox-3f2a.mp4", "ready"]);
    expect(kernel.sent).toEqual([]);
  });

  it("is never an address that is no video's", async () => {
    await show({ url: "javascript:alert(1)" });
    expect(source.state).toBe("fetching");
  });

  it("is nothing until it is wanted", async () => {
    await show({ url: "" }, false);
    await pass();
    expect([source.url, source.state, kernel.sent.length]).toEqual(["", "resting", 0]);
  });

  it("is the clip's bytes where there is no address, piece by piece and in order", async () => {
    const seen: number[] = [];
    const answer = kernel.answers.get("video");
    kernel.on("video", (payload) => {
      seen.push(source.percent);
      return answer?.(payload) ?? {};
    });
    await show({ url: "" });
    await pass();
    expect(kernel.of("video").map(({ offset }) => offset)).toEqual([0, 1000, 2000]);
    expect([source.url, source.state, source.percent]).toEqual(["blob:1", "ready", 100]);
    const blob = urls.get("blob:1");
    expect([blob?.size, blob?.type]).toEqual([SIZE, "video/mp4"]);
    const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0));
    expect([bytes[0], bytes[1000], bytes[2499]]).toEqual([0, 1, 2]);
  });

  it("is the clip's bytes once its address has failed", async () => {
    await show();
    await broken();
    expect(source.state).toBe("fetching");
    await pass();
    expect(source.url).toBe("blob:1");
  });

  it("is no more tried by address after two that failed, unless one ever came", async () => {
    for (const key of ["a/0", "b/0"]) {
      await show({ key });
      await broken();
    }
    await show({ key: "c/0" });
    expect(source.state).toBe("fetching");
    await hidden();
    stage.panel.sources.noteServed();
    await show({ key: "c/0" });
    expect(source.url).toBe("/files/fox-3f2a.mp4");
  });

  it("fails in words when the browser can't play the bytes either", async () => {
    await show({ url: "" });
    await pass();
    await broken();
    expect([source.url, source.state, source.text]).toEqual([
      "",
      "failed",
      "This browser can't play the clip.",
    ]);
  });

  it("fails in the kernel's words, and is asked for anew the next time", async () => {
    const answer = kernel.answers.get("video");
    kernel.refuse("video", "The clip's file is gone.", "Fetch it again.");
    await show({ url: "" });
    await pass();
    expect([source.state, source.text]).toEqual(["failed", "The clip's file is gone. Fetch it again."]);
    await hidden();
    if (answer) kernel.on("video", answer);
    await show({ url: "" });
    await pass();
    expect(source.state).toBe("ready");
  });

  it("does not wait for ever for a file that came to its end", async () => {
    kernel.on("video", () => ({ size: SIZE, next: 0 }));
    await show({ url: "" });
    await pass();
    expect([source.state, kernel.of("video").length]).toEqual(["failed", 1]);
  });

  it("fails at once where the file is known not to be there", async () => {
    await show({ here: false });
    expect([source.state, source.text, kernel.sent.length]).toEqual(["failed", "Its file is not there.", 0]);
  });
});

describe("object URLs", () => {
  const watch = async (key: string) => {
    await show({ key, url: "" });
    await pass();
  };

  it("are kept for the next look", async () => {
    await watch("a/0");
    await hidden();
    await watch("a/0");
    expect([source.url, kernel.of("video").length]).toEqual(["blob:1", 3]);
  });

  it("are revoked, those looked at longest ago, when there are too many", async () => {
    for (let at = 0; at <= SPARE + 1; at++) {
      await watch(`c${at}/0`);
    }
    // One is shown, the others are spare.
    expect([...urls.keys()]).not.toContain("blob:1");
    expect(urls.size).toBe(SPARE + 1);
    expect(stage.panel.sources.open).toBe(SPARE + 1);
  });

  it("are never revoked under a video that is shown", async () => {
    const leave = stage.panel.sources.hold("kept/0", () => {});
    await pass();
    for (let at = 0; at <= SPARE + 1; at++) await watch(`c${at}/0`);
    expect(urls.has("blob:1")).toBe(true);
    leave();
    expect(urls.has("blob:1")).toBe(false);
  });

  it("are not made for a clip that is not looked at any more", async () => {
    let answer: (value: object) => void = () => {};
    kernel.on("video", () => new Promise((resolve) => (answer = resolve)));
    await show({ url: "" });
    await hidden();
    answer({ size: SIZE, next: 1000, buffers: [] });
    await pass();
    expect([urls.size, kernel.of("video").length]).toEqual([0, 1]);
  });

  it("are all revoked when the view goes, also one that comes in too late", async () => {
    await watch("a/0");
    await watch("b/0");
    expect(urls.size).toBe(2);
    stage.host.abort();
    expect(urls.size).toBe(0);
    stage.panel.sources.hold("late/0", () => {});
    await pass();
    expect(urls.size).toBe(0);
  });
});
