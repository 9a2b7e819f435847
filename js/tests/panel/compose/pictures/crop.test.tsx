import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../../src/core/connection";
import { click, closeStage, pass, press } from "../../stage";
import { CAT, type Composing, carry, exampleFile, findIn, OWL, openCompose } from "../composing";

let here: Composing;
const find = (selector: string) => findIn(here).find(selector);
const all = <E extends Element = HTMLElement>(selector: string) => findIn(here).all<E>(selector);
const place = (label: string) => find(`.veo-place[aria-label="${label}"]`);
const problems = (label: string) =>
  all(`.veo-place[aria-label="${label}"] .veo-problems p`).map((one) => one.textContent?.trim());

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  await closeStage(here);
  vi.useRealTimers();
});

describe("a picture of another shape than the clip", () => {
  const photo = { ...OWL, key: "photo", name: "photo.jpg", width: 1600, height: 1200 };

  it("is offered three ways", async () => {
    here = await openCompose();
    here.kernel.on("upload", () => photo);
    await carry(place("First frame"), "drop", { files: [exampleFile("photo.jpg")] });
    expect(find("legend").textContent).toBe("photo.jpg is not 16:9");
    const ways = all<HTMLInputElement>(".veo-fit input");
    expect(ways.map((way) => way.checked)).toEqual([false, false, true]);
    await click(ways[1]);
    expect(here.draft().fit).toBe("pad");
  });

  it("is not asked about where it fits, and once chosen it can be taken back", async () => {
    here = await openCompose({ image: [CAT.key] });
    expect(all(".veo-fit")).toEqual([]);
    await here.redraw({ draft: { fit: "crop" } });
    expect(find("legend").textContent).toBe("First and last frame");
    await click(all(".veo-fit input")[2]);
    expect(here.draft().fit).toBe("");
  });

  describe("is cropped", () => {
    const area = () => find(".veo-crop-area");
    const style = () =>
      ["left", "top", "width", "height"].map((side) =>
        Number.parseFloat(area().style.getPropertyValue(side)),
      );
    const crop = async () => {
      await click(find("dialog .veo-primary"));
      await pass();
      return here.kernel.of("crop")[0];
    };
    const point = (target: Element, kind: string, x: number, y: number) =>
      act(() => {
        const event = new MouseEvent(kind, { bubbles: true, button: 0, clientX: x, clientY: y });
        Object.defineProperty(event, "pointerId", { value: 1 });
        target.dispatchEvent(event);
      });

    beforeEach(async () => {
      here = await openCompose({ last_frame: [CAT.key] });
      here.kernel.on("upload", () => photo);
      here.kernel.on("crop", () => ({ ...photo, key: "cut", height: 900 }));
      await carry(place("First frame"), "drop", { files: [exampleFile("photo.jpg")] });
      await click(find('[aria-label="Crop photo.jpg"]'));
      const stage = find(".veo-crop");
      stage.getBoundingClientRect = () => new DOMRect(0, 0, 400, 300);
      stage.setPointerCapture = vi.fn();
    });

    it("to the clip's shape, the largest part of it at first", async () => {
      expect(find("dialog h2").textContent).toBe("Crop to 16:9");
      expect(style()).toEqual([0, 12.5, 100, 75]);
      expect(find(".veo-crop-size").textContent).toContain("1600 × 900 of 1600 × 1200");
      const sent = await crop();
      expect(sent).toMatchObject({ picture: "photo", x: 0, width: 1 });
      expect(sent?.["y"]).toBeCloseTo(0.125);
      expect(here.draft()).toMatchObject({ image: ["cut"], last_frame: [CAT.key] });
      expect(all("dialog")).toEqual([]);
    });

    it("with the keyboard", async () => {
      for (const key of ["-", "-", "ArrowRight", "ArrowDown"]) await press(area(), key);
      await press(area(), "ArrowRight", { shiftKey: true });
      expect(style()).toEqual([10, 17.25, 90, 67.5]);
      await press(area(), "ArrowLeft", { ctrlKey: true });
      expect(style()[0]).toBe(10);
      expect(area().getAttribute("aria-label")).toContain("1440 × 810 pixels");
    });

    it("with the slider", async () => {
      const slider = find("dialog input") as HTMLInputElement;
      slider.value = "50";
      await act(() => void slider.dispatchEvent(new Event("input", { bubbles: true })));
      expect(style()).toEqual([25, 31.25, 50, 37.5]);
      expect(slider.getAttribute("aria-valuetext")).toBe("800 × 450 pixels");
    });

    it("by dragging it, and its corners", async () => {
      const corner = find('[data-corner="se"]');
      await point(corner, "pointerdown", 400, 260);
      await point(find(".veo-crop"), "pointermove", 200, 260);
      expect(style()).toEqual([0, 12.5, 50, 37.5]);
      await point(find(".veo-crop"), "pointerup", 200, 260);
      await point(area(), "pointerdown", 100, 100);
      await point(find(".veo-crop"), "pointermove", 140, 130);
      expect(style()).toEqual([10, 22.5, 50, 37.5]);
      await point(find(".veo-crop"), "pointerup", 140, 130);
      await point(find(".veo-crop"), "pointermove", 300, 300);
      expect(style()).toEqual([10, 22.5, 50, 37.5]);
    });

    it("or not", async () => {
      await click(find("dialog .veo-buttons .veo-button"));
      expect([all("dialog"), here.kernel.of("crop")]).toEqual([[], []]);
    });

    it("and when that fails the picture stays, with words", async () => {
      here.kernel.on("crop", () =>
        Promise.reject(new RequestError("x", "Nothing would be left.", "Take more.")),
      );
      await crop();
      expect(here.draft().image).toEqual(["photo"]);
      expect(problems("First frame")).toEqual(["Nothing would be left. Take more."]);
    });
  });
});
