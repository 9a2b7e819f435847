import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../src/core/connection";
import { AGAIN_MS, PAGE, Pages, REFRESH_MS } from "../../../src/panel/gallery/pages";
import { exampleItem, FakeKernel, VIEW } from "../stage";

let kernel: FakeKernel;
let host: AbortController;
let keys: string[];
let pages: Pages;
let changed: ReturnType<typeof vi.fn<() => void>>;

const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);
const offsets = () => kernel.of("browse").map(({ offset }) => offset);

beforeEach(() => {
  vi.useFakeTimers();
  host = new AbortController();
  keys = Array.from({ length: 500 }, (_, at) => `c${at}/0`);
  kernel = new FakeKernel().on(
    "browse",
    ({ search, offset, limit }: { search: string; offset: number; limit: number }) => {
      const found = search === "" ? keys : keys.filter((key) => key.includes(search));
      return {
        total: found.length,
        items: found.slice(offset, offset + limit).map((key) => exampleItem({ key })),
      };
    },
  );
  changed = vi.fn<() => void>();
  pages = new Pages(VIEW, kernel.request, host.signal, changed);
});

afterEach(() => {
  host.abort();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("pages of the library", () => {
  it("come with what is looked at, and once", async () => {
    await settle();
    expect(pages.total).toBe(500);
    expect(kernel.of("browse")).toEqual([{ ...VIEW, offset: 0, limit: PAGE }]);
    pages.want(110, 130);
    await settle();
    pages.want(0, 130);
    await settle();
    expect(offsets()).toEqual([0, 60, 120]);
    expect([pages.item(125)?.key, pages.item(300), pages.indexOf("c125/0")]).toEqual([
      "c125/0",
      undefined,
      125,
    ]);
  });

  it("that were scrolled past are not asked for", async () => {
    await settle();
    const answer = kernel.answers.get("browse");
    const open: (() => void)[] = [];
    kernel.on(
      "browse",
      (payload) => new Promise((resolve) => open.push(() => resolve(answer?.(payload) ?? {}))),
    );
    for (let from = 60; from < 480; from += 60) pages.want(from, from + 20);
    while (open.length > 0) {
      open.shift()?.();
      await settle();
    }
    expect(offsets()).toEqual([0, 60, 120, 420]);
  });

  it("of another view take the place of those shown only once they are here", async () => {
    await settle();
    const answer = kernel.answers.get("browse");
    let open = () => {};
    kernel.on(
      "browse",
      (payload) => new Promise((resolve) => (open = () => resolve(answer?.(payload) ?? {}))),
    );
    pages.look({ ...VIEW, search: "c1" });
    await settle();
    expect([pages.turning, pages.total, pages.item(0)?.key]).toEqual([true, 500, "c0/0"]);
    open();
    await settle();
    expect([pages.turning, pages.turned, pages.total, pages.item(0)?.key]).toEqual([
      false,
      true,
      111,
      "c1/0",
    ]);
  });

  it("of a view that is not wanted any more are not shown", async () => {
    await settle();
    const answer = kernel.answers.get("browse");
    const open: (() => void)[] = [];
    kernel.on(
      "browse",
      (payload) => new Promise((resolve) => open.push(() => resolve(answer?.(payload) ?? {}))),
    );
    pages.look({ ...VIEW, search: "c2" });
    pages.look({ ...VIEW, search: "c3" });
    open[1]?.();
    await settle();
    open[0]?.();
    await settle();
    expect(pages.view.search).toBe("c3");
    expect(pages.item(0)?.key).toBe("c3/0");
  });

  it("between two tiles are loaded where they are missing", async () => {
    await settle();
    const items = await pages.between(50, 130);
    expect(items?.map(({ key }) => key)).toEqual(keys.slice(50, 131));
    kernel.refuse("browse");
    expect(await pages.between(50, 300)).toBeUndefined();
  });
});

describe("what is found too often to be counted at once", () => {
  let count: (total: number) => void;
  let refuse: () => void;
  let counted: boolean;

  beforeEach(async () => {
    await settle();
    counted = false;
    const answer = kernel.answers.get("browse");
    kernel
      .on("browse", async (payload) => {
        const found = (await answer?.(payload)) as { total: number; items: unknown[] };
        const { offset } = payload as { offset: number };
        return counted ? found : { ...found, total: offset + found.items.length, uncounted: true };
      })
      .on(
        "count",
        () =>
          new Promise((resolve, reject) => {
            count = (total) => resolve({ total });
            refuse = () => reject(new RequestError("timeout", "The kernel did not answer.", ""));
          }),
      );
  });

  it("is shown before, and has its number once it is there", async () => {
    pages.look({ ...VIEW, search: "c" });
    await settle();
    expect([pages.turning, pages.total, pages.uncounted]).toEqual([false, PAGE, true]);
    expect(kernel.of("count")).toEqual([{ view: { ...VIEW, search: "c" } }]);
    count(500);
    await settle();
    expect([pages.total, pages.uncounted]).toEqual([500, false]);
    pages.want(100, 130);
    await settle();
    expect([pages.total, pages.item(125)?.key]).toEqual([500, "c125/0"]);
    expect(kernel.of("count").length).toBe(1);
  });

  it("keeps what a page knows better", async () => {
    pages.look({ ...VIEW, search: "c" });
    await settle();
    counted = true;
    pages.want(50, 59);
    pages.refresh();
    await settle();
    expect([pages.total, pages.uncounted]).toEqual([500, false]);
    count(3);
    await settle();
    expect(pages.total).toBe(500);
  });

  it("is asked for again where the kernel has no time", async () => {
    pages.look({ ...VIEW, search: "c" });
    await settle();
    refuse();
    await settle();
    expect([pages.total, pages.uncounted, pages.problem]).toEqual([PAGE, true, ""]);
    await settle(AGAIN_MS);
    count(500);
    await settle();
    expect([pages.total, pages.uncounted, kernel.of("count").length]).toEqual([500, false, 2]);
  });

  it("stays as it was until it is counted anew, when something has changed", async () => {
    pages.look({ ...VIEW, search: "c" });
    await settle();
    count(500);
    await settle();
    keys.unshift("c-new/0");
    pages.refresh();
    await settle();
    expect([pages.total, pages.item(0)?.key]).toEqual([500, "c0/0"]);
    count(501);
    await settle(REFRESH_MS);
    expect([pages.total, pages.item(0)?.key, pages.turned]).toEqual([501, "c-new/0", false]);
  });
});

describe("a library that changes", () => {
  it("is looked at anew where it is shown, all at once", async () => {
    pages.want(200, 220);
    await settle();
    keys = ["new1/0", "new2/0", ...keys];
    pages.refresh();
    expect(pages.item(200)?.key).toBe("c200/0");
    await settle();
    expect([pages.total, pages.turn, pages.turned]).toEqual([502, 2, false]);
    expect([pages.item(202)?.key, pages.indexOf("c200/0")]).toEqual(["c200/0", 202]);
  });

  it("is asked for as far as what was shown may have moved", async () => {
    pages.want(220, 240);
    await settle();
    keys = [...Array.from({ length: 30 }, (_, at) => `new${at}/0`), ...keys];
    pages.refresh();
    await settle();
    expect(pages.indexOf("c239/0")).toBe(269);
  });

  it("is not looked at more often than a person can see, and not forgotten", async () => {
    pages.want(0, 20);
    await settle();
    for (let count = 0; count < 50; count++) pages.refresh();
    await settle();
    keys = ["new/0", ...keys];
    pages.refresh();
    expect(kernel.of("browse")).toHaveLength(2);
    await settle(REFRESH_MS);
    expect(kernel.of("browse")).toHaveLength(3);
    expect(pages.total).toBe(501);
    await settle(10 * REFRESH_MS);
    expect(kernel.of("browse")).toHaveLength(3);
  });
});

describe("a kernel that does not answer", () => {
  it("is said, asked again by itself, and forgotten when it answers", async () => {
    await settle();
    const answer = kernel.answers.get("browse");
    kernel.refuse("browse", "No answer from the kernel: it may be busy.");
    pages.want(100, 120);
    await settle();
    expect(pages.problem).toBe("No answer from the kernel: it may be busy.");
    expect(kernel.of("browse")).toHaveLength(2);
    if (answer) kernel.on("browse", answer);
    await settle(AGAIN_MS);
    expect([pages.problem, pages.item(110)?.key]).toEqual(["", "c110/0"]);
  });

  it("can be asked at once", async () => {
    kernel.refuse("browse");
    pages.look(VIEW);
    await settle();
    const before = kernel.of("browse").length;
    pages.retry();
    expect(kernel.of("browse").length).toBe(before + 1);
  });

  it("leaves no timer when the view goes", async () => {
    kernel.refuse("browse");
    pages.look(VIEW);
    await settle();
    pages.refresh();
    host.abort();
    expect(vi.getTimerCount()).toBe(0);
    const before = kernel.of("browse").length;
    await settle(60_000);
    expect(kernel.of("browse").length).toBe(before);
  });
});
