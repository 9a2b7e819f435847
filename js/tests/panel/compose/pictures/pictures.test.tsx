import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestError } from "../../../../src/core/connection";
import { unfitText } from "../../../../src/panel/compose/pictures/images";
import type { PictureState } from "../../../../src/protocol.gen";
import { spoken } from "../../../spoken";
import { click, closeStage, pass } from "../../stage";
import {
  CAT,
  type Composing,
  carry,
  exampleCheck,
  exampleFile,
  findIn,
  LAST,
  OWL,
  openCompose,
  SETUP,
} from "../composing";

let here: Composing;
const find = (selector: string) => findIn(here).find(selector);
const all = <E extends Element = HTMLElement>(selector: string) => findIn(here).all<E>(selector);
const place = (label: string) => find(`.veo-place[aria-label="${label}"]`);
const adder = (label: string) =>
  find(`.veo-place[aria-label="${label}"] button[aria-label^="${label}: drop"]`);
const problems = (label: string) =>
  all(`.veo-place[aria-label="${label}"] .veo-problems p`).map((one) => one.textContent?.trim());

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  await closeStage(here);
  vi.useRealTimers();
});

describe("a place for pictures", () => {
  it("keeps what is dropped there, its bytes beside the message", async () => {
    here = await openCompose();
    expect(await carry(place("Last frame"), "dragover", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(place("Last frame").dataset["over"]).toBe("true");
    expect(await carry(place("Last frame"), "drop", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(place("Last frame").dataset["over"]).toBe("false");
    expect(here.kernel.of("upload")).toEqual([{ name: "owl.png" }]);
    expect(here.bytes.map((bytes) => bytes.byteLength)).toEqual([4]);
    expect(here.draft().last_frame).toEqual([OWL.key]);
    expect(here.draft().image).toEqual([]);
    const still = find('.veo-place[aria-label="Last frame"] img');
    expect([still.getAttribute("src"), still.getAttribute("alt")]).toEqual([OWL.still, "owl.png"]);
  });

  it("keeps what is pasted there, and what is chosen in the dialog", async () => {
    here = await openCompose();
    expect(await carry(adder("First frame"), "paste", { text: "words" })).toBe(false);
    expect(await carry(adder("First frame"), "paste", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(here.draft().image).toEqual([OWL.key]);
    const input = find('input[aria-label="References: files"]') as HTMLInputElement;
    const opened = vi.spyOn(input, "click").mockImplementation(() => {});
    await click(adder("References"));
    expect(opened).toHaveBeenCalledOnce();
    Object.defineProperty(input, "files", { value: [exampleFile("owl.png")] });
    await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
    await pass();
    expect(here.draft().reference_images).toEqual([OWL.key]);
  });

  it("takes several at once in their order: a clip for each", async () => {
    here = await openCompose();
    const pictures = [OWL, CAT];
    here.kernel.on("upload", () => pictures.shift() ?? OWL);
    await carry(place("First frame"), "drop", { files: [exampleFile("owl.png"), exampleFile("cat.jpg")] });
    await pass();
    expect(here.draft().image).toEqual([OWL.key, CAT.key]);
    expect(place("First frame").textContent).toContain("a clip for each");
  });

  it("says what is being read, until it is there", async () => {
    here = await openCompose();
    let answer: (picture: PictureState) => void = () => {};
    here.kernel.on("upload", () => new Promise<object>((resolve) => (answer = resolve)));
    await carry(place("First frame"), "drop", { files: [exampleFile("owl.png")] });
    expect(place("First frame").textContent).toContain("Reading owl.png");
    answer(OWL);
    await pass();
    expect(place("First frame").textContent).not.toContain("Reading");
  });

  it("takes the last frame of a clip to begin with, and the first one to end with", async () => {
    here = await openCompose();
    await carry(place("First frame"), "drop", { clip: "3f2a/0" });
    await carry(place("Last frame"), "drop", { clip: "3f2a/0" });
    expect(here.kernel.of("frame")).toEqual([
      { clip: "3f2a/0", seconds: null },
      { clip: "3f2a/0", seconds: 0 },
    ]);
    expect(here.draft()).toMatchObject({ image: [LAST.key], last_frame: [LAST.key] });
    expect(find('.veo-place[aria-label="First frame"] img').getAttribute("alt")).toContain("from clip 3f2a");
  });

  it("takes a frame of the clip that is chosen, for who has no mouse", async () => {
    here = await openCompose({}, { chosen: ["3f2a/0"] });
    await click(find('[aria-label="First frame: use 3f2a, its last frame"]'));
    expect(here.kernel.of("frame")).toEqual([{ clip: "3f2a/0", seconds: null }]);
  });

  it("lets a picture go, with what was to make it fit", async () => {
    here = await openCompose({ image: [CAT.key], fit: "pad" });
    await click(find('[aria-label="Remove cat.jpg"]'));
    await pass(50);
    expect(here.draft()).toMatchObject({ image: [], fit: "" });
    expect(document.activeElement).toBe(adder("First frame"));
  });

  it("keeps a file that misses it from taking the notebook's place", async () => {
    here = await openCompose();
    expect(await carry(find("header"), "dragover", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(await carry(find("header"), "drop", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(here.draft().image).toEqual([OWL.key]);
    expect(await carry(find("header"), "dragover", {})).toBe(false);
  });

  it("takes a picture that is pasted into the prompt as the first frame", async () => {
    here = await openCompose();
    const prompt = find("textarea[aria-label=Prompt]");
    expect(await carry(prompt, "paste", { text: "A fox" })).toBe(false);
    expect(await carry(prompt, "paste", { files: [exampleFile("owl.png")] })).toBe(true);
    expect(here.draft().image).toEqual([OWL.key]);
  });
});

describe("what is not taken", () => {
  it("is said before it is read", async () => {
    here = await openCompose();
    const film = exampleFile("a.mp4", { type: "video/mp4" });
    await carry(place("First frame"), "drop", { files: [film, exampleFile("owl.png")] });
    await pass();
    expect(problems("First frame")).toEqual(["a.mp4 is no picture."]);
    expect(film.arrayBuffer).not.toHaveBeenCalled();
    expect(here.draft().image).toEqual([OWL.key]);
    expect(here.said.at(-1)).toContain("a.mp4 is no picture.");
  });

  it("and what is taken is said as well, with its shape where that is another", async () => {
    here = await openCompose();
    await carry(place("First frame"), "drop", { files: [exampleFile("owl.png")] });
    await pass();
    expect((await spoken()).at(-1)).toMatch(/^First frame: owl\.png\./);
  });

  it.each([
    [{ name: "a.png", type: "image/png", size: 0 }, "a.png is empty."],
    [{ name: "a.png", type: "image/png", size: 100 }, ""],
    [{ name: "a.txt", type: "", size: 1 }, "a.txt is no picture."],
    [{ name: "IMG_1.HEIC", type: "", size: 1 }, ""],
  ])("has words: %j", async (file, text) => {
    here = await openCompose();
    expect(unfitText(file)).toBe(text);
  });

  it("is said in the kernel's words, or what to do when it does not answer, until the next try", async () => {
    here = await openCompose();
    const drop = () => carry(place("First frame"), "drop", { files: [exampleFile("owl.png")] });
    here.kernel.on("upload", () =>
      Promise.reject(new RequestError("invalid_request", "It is no image.", "Give a PNG.")),
    );
    await drop();
    expect(problems("First frame")).toEqual(["It is no image. Give a PNG."]);
    here.kernel.refuse("upload");
    await drop();
    expect(problems("First frame")).toEqual([
      "No answer from the kernel: it may be busy. Give owl.png again.",
    ]);
    here.kernel.on("upload", () => OWL);
    await drop();
    expect(problems("First frame")).toEqual([]);
    expect(here.draft().image).toEqual([OWL.key]);
  });

  it("is a file that can't be read", async () => {
    here = await openCompose();
    const gone = { ...exampleFile("gone.png"), arrayBuffer: () => Promise.reject(new Error("NotReadable")) };
    await carry(place("First frame"), "drop", { files: [gone as unknown as File] });
    expect(problems("First frame")).toEqual(["gone.png can't be read. It may have been moved."]);
    expect(here.kernel.of("upload")).toEqual([]);
  });

  it("is one reference too many", async () => {
    here = await openCompose({ reference_images: [CAT.key, LAST.key] });
    await carry(place("References"), "drop", { files: [exampleFile("a.png"), exampleFile("b.png")] });
    await pass();
    expect(here.draft().reference_images).toEqual([CAT.key, LAST.key, OWL.key]);
    expect(here.kernel.of("upload")).toHaveLength(1);
    expect(problems("References")).toEqual(["No more than 3 references can be given."]);
    expect(all('[aria-label^="References: drop"]')).toEqual([]);
    await carry(place("References"), "drop", { clip: "3f2a/0" });
    expect(here.kernel.of("frame")).toEqual([]);
  });

  it("is one reference too many that came while another was on its way", async () => {
    here = await openCompose({ reference_images: [CAT.key, LAST.key] });
    const answers: ((picture: object) => void)[] = [];
    here.kernel.on("upload", () => new Promise<object>((resolve) => void answers.push(resolve)));
    await carry(place("References"), "drop", { files: [exampleFile("a.png")] });
    await carry(place("References"), "drop", { files: [exampleFile("b.png")] });
    for (const [at, answer] of answers.entries()) answer({ ...OWL, key: `new ${at}` });
    await pass();
    expect(here.draft().reference_images).toEqual([CAT.key, LAST.key, "new 0"]);
  });

  it("is a picture where none can be given, with the reason", async () => {
    const check = exampleCheck("impossible");
    const reason = "Reference images work at 16:9 and 8 seconds only.";
    here = await openCompose({ prompt: "A" }, { check });
    expect(adder("References").getAttribute("aria-disabled")).toBe("true");
    expect(adder("References").title).toBe(reason);
    expect(adder("References").getAttribute("aria-label")).toContain(reason);
    await carry(place("References"), "drop", { files: [exampleFile("owl.png")] });
    await carry(adder("References"), "paste", { files: [exampleFile("owl.png")] });
    await click(adder("References"));
    expect(here.kernel.of("upload")).toEqual([]);
    expect(here.said).toEqual([reason, reason, reason]);
  });

  it("is nothing where the provider takes no references", async () => {
    here = await openCompose({}, { setup: { ...SETUP, most_references: 0 } });
    expect(all(".veo-place").map((one) => one.getAttribute("aria-label"))).toEqual([
      "First frame",
      "Last frame",
      "Extend",
    ]);
  });
});

describe("an upright first frame", () => {
  it("leads to an upright clip, and the form says so until another shape is chosen", async () => {
    here = await openCompose();
    here.kernel.on("picture", () => ({ ...CAT, width: 1080, height: 1920 }));
    await here.redraw({ draft: { image: [CAT.key] } });
    await pass();
    const shape = () => find('button[aria-label^="Aspect ratio"]');
    expect(shape().textContent).toBe("9:16, as the first frame");
    expect(all(".veo-fit")).toEqual([]);
    await click(shape());
    expect(all(".veo-option").map((one) => one.textContent?.trim())[0]).toBe("9:16, as the first frame");
    await here.redraw({ draft: { fields: { aspect_ratio: ["16:9"] } } });
    expect(shape().textContent).toBe("16:9");
    expect(find(".veo-fit legend").textContent).toBe("cat.jpg is not 16:9");
  });
});

describe("a photo that is too large for a message", () => {
  const large = () => exampleFile("big.jpg", { size: SETUP.most_bytes + 1 });
  let sizes: number[];
  let drawn: number[][];

  beforeEach(() => {
    drawn = [];
    const image = { width: 4000, height: 8000, close: vi.fn() };
    vi.stubGlobal(
      "createImageBitmap",
      vi.fn(async () => image),
    );
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
      fillRect: () => {},
      drawImage: (...where: unknown[]) => drawn.push(where.slice(3) as number[]),
    } as never);
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((take) => {
      const size = sizes.shift() ?? 0;
      take({ size, arrayBuffer: async () => new ArrayBuffer(size % 100) } as Blob);
    });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("is made smaller here, upright, until it fits", async () => {
    sizes = [SETUP.most_bytes + 1, 77];
    here = await openCompose();
    await carry(place("First frame"), "drop", { files: [large()] });
    await pass();
    expect(drawn).toEqual([
      [1920, 3840],
      [1280, 2560],
    ]);
    expect(vi.mocked(createImageBitmap).mock.calls[0]?.[1]).toEqual({ imageOrientation: "from-image" });
    expect(here.bytes.map((bytes) => bytes.byteLength)).toEqual([77]);
    expect(here.kernel.of("upload")).toEqual([{ name: "big.jpg" }]);
    expect(here.draft().image).toEqual([OWL.key]);
  });

  it("is refused where this browser can't read it", async () => {
    vi.mocked(createImageBitmap).mockRejectedValue(new Error("no image"));
    here = await openCompose();
    const file = large();
    await carry(place("First frame"), "drop", { files: [file] });
    await pass();
    expect(problems("First frame")).toEqual([
      "big.jpg has 21.0 MB; at most 21.0 MB are taken. Save it smaller, or as JPEG.",
    ]);
    expect(file.arrayBuffer).not.toHaveBeenCalled();
  });
});

describe("pictures of a draft that was kept", () => {
  it("are asked for once each", async () => {
    here = await openCompose({ image: [CAT.key], last_frame: [OWL.key] });
    await here.redraw({ draft: { prompt: "A" } });
    await pass(200);
    expect(here.kernel.of("picture")).toEqual([{ picture: CAT.key }, { picture: OWL.key }]);
    expect(all(".veo-pic img").map((one) => one.getAttribute("alt"))).toEqual(["cat.jpg", "owl.png"]);
  });

  it("are asked for once while the kernel is slow", async () => {
    here = await openCompose();
    here.kernel.on("picture", () => new Promise<object>(() => {}));
    await here.redraw({ draft: { image: [CAT.key] } });
    await here.redraw({ draft: { image: [CAT.key, OWL.key] } });
    expect(here.kernel.of("picture")).toEqual([{ picture: CAT.key }, { picture: OWL.key }]);
  });

  it("say that they are gone, and can be taken away", async () => {
    here = await openCompose({ image: ["gone"] });
    expect(find(".veo-pic-words").textContent).toBe("A picture is gone. Give it again.");
    await click(find('[aria-label="Remove the picture"]'));
    expect(here.draft().image).toEqual([]);
  });

  it("show nothing but pictures that are data", async () => {
    here = await openCompose();
    here.kernel.on("upload", () => ({ ...OWL, still: "https://elsewhere.example/x.jpg" }));
    await carry(place("First frame"), "drop", { files: [exampleFile("owl.png")] });
    expect(all("img")).toEqual([]);
    expect(place("First frame").textContent).toContain("owl.png");
  });
});

describe("the clip that is gone on from", () => {
  it("is shown with its still, and can be let go", async () => {
    here = await openCompose({ video: "3f2a/0" });
    await pass(100);
    const still = find('.veo-place[aria-label="Extend"] img');
    expect([still.getAttribute("src"), still.getAttribute("alt")]).toEqual([OWL.still, "Goes on from 3f2a"]);
    await click(find('[aria-label="Do not go on from 3f2a"]'));
    expect(here.draft().video).toBe("");
  });

  it("is named by its address where the library has it not, and no still is asked for", async () => {
    here = await openCompose({ edit: "https://x.example/fox.mp4" });
    await pass(100);
    expect(place("Change").textContent).toContain("https://x.example/fox.mp4");
    expect(here.kernel.of("posters")).toEqual([]);
  });

  it("is dropped there, or the one that is chosen; a file is not", async () => {
    here = await openCompose();
    await carry(place("Extend"), "drop", { files: [exampleFile("a.png")] });
    await click(find('[aria-label="Extend"] .veo-add'));
    expect(here.said).toEqual([
      "A clip of the gallery can be gone on from, not a file.",
      "Choose one clip in the gallery, or drag it here.",
    ]);
    await carry(place("Extend"), "drop", { clip: "3f2a/0" });
    expect(here.draft().video).toBe("3f2a/0");
    await closeStage(here);
    here = await openCompose({}, { chosen: ["77aa/0"] });
    await click(find('[aria-label="Extend"] .veo-add'));
    expect(here.draft().video).toBe("77aa/0");
  });

  it("is not taken where it can't be", async () => {
    const check = exampleCheck("single", { unavailable: { video: { "*": "Not with a first frame." } } });
    here = await openCompose({ prompt: "A" }, { check });
    await carry(place("Extend"), "drop", { clip: "3f2a/0" });
    await click(find('[aria-label="Extend"] .veo-add'));
    expect(here.draft().video).toBe("");
    expect(here.said).toEqual(["Not with a first frame.", "Not with a first frame."]);
  });
});
