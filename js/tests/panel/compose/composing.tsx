// Compose in a panel whose draft changes as in a panel, before a kernel that answers with the shared examples.

import { vi } from "vitest";
import { RequestError } from "../../../src/core/connection";
import { Compose } from "../../../src/panel/compose/compose";
import { EMPTY } from "../../../src/panel/compose/draft";
import type { PanelRequest } from "../../../src/panel/request";
import type { Check, Draft, Setup } from "../../../src/protocol.gen";
import { examplePanel, panelExamples } from "../../fixtures";
import { FakeKernel, openStage, pass, type Stage } from "../stage";

export const SETUP: Setup = examplePanel("composing").panel;
export const [CAT, OWL, LAST] = panelExamples.pictures as [Picture, Picture, Picture];
type Picture = (typeof panelExamples.pictures)[number];

export function exampleCheck(name: string, changes: Partial<Check> = {}): Check {
  const check = panelExamples.checks[name];
  if (check === undefined) throw new Error(`panels.json has no check "${name}"`);
  return { ...structuredClone(check), ...changes };
}

export interface Composing extends Stage {
  draft: () => Draft;
  /** The bytes that came along with each upload. */
  bytes: ArrayBuffer[];
  /** As if something else than Compose changed what it shows. */
  redraw: (changes: { draft?: Partial<Draft>; running?: boolean; version?: number }) => Promise<void>;
}

export interface Opening {
  setup?: Setup;
  running?: boolean;
  chosen?: string[];
  check?: Check;
}

/** Compose with this draft, checked once. */
export async function openCompose(changes: Partial<Draft> = {}, opening: Opening = {}): Promise<Composing> {
  const kernel = new FakeKernel()
    .on("check", () => opening.check ?? exampleCheck("single"))
    .on("picture", ({ picture }) => known(picture))
    .on("generate", () => ({ jobs: ["9c01"], sweep: "", question: "" }))
    .on("upload", () => OWL)
    .on("frame", () => LAST)
    .on("posters", () => ({ posters: { "3f2a/0": OWL.still } }));
  const bytes: ArrayBuffer[] = [];
  const request: PanelRequest = (kind, payload, extras) => {
    bytes.push(...(extras?.buffers ?? []));
    return kernel.request(kind, payload, extras);
  };
  let draft: Draft = { ...EMPTY, ...changes };
  let state = { running: opening.running ?? false, version: 1 };
  const stage = openStage(kernel, {
    request,
    chosen: opening.chosen ?? [],
    compose: (change) => {
      draft = change(draft);
      void draw();
    },
  });
  const library = { ...examplePanel("composing").library };
  const draw = () =>
    stage.show(
      <Compose
        setup={opening.setup ?? SETUP}
        draft={draft}
        running={state.running}
        library={{ ...library, version: state.version }}
      />,
    );
  await draw();
  await pass(200);
  return {
    ...stage,
    bytes,
    draft: () => draft,
    redraw: async ({ draft: changes, ...others }) => {
      if (changes !== undefined) draft = { ...draft, ...changes };
      state = { ...state, ...others };
      await draw();
    },
  };
}

function known(key: string): object {
  const picture = panelExamples.pictures.find((one) => one.key === key);
  if (picture === undefined) throw new RequestError("not_found", "A picture is gone.", "Give it again.");
  return picture;
}

export function findIn({ el }: Pick<Stage, "el">) {
  const all = <E extends Element = HTMLElement>(selector: string) => [...el.querySelectorAll<E>(selector)];
  const find = <E extends Element = HTMLElement>(selector: string): E => {
    const found = el.querySelector<E>(selector);
    if (found === null) throw new Error(`nothing is "${selector}"`);
    return found;
  };
  return { all, find };
}

/** Types a whole text at once. */
export async function type(field: HTMLElement, text: string): Promise<void> {
  (field as HTMLInputElement).value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await pass();
}

export interface Carried {
  files?: File[];
  text?: string;
  clip?: string;
}

/** Something is dragged over, dropped on or pasted into an element; says whether the page kept it for itself. */
export async function carry(target: Element, kind: string, { files = [], text = "", clip = "" }: Carried) {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const types = [files.length > 0 ? "Files" : "", clip === "" ? "" : "application/x-veo-clip"];
  const data = {
    files,
    types: types.filter((type) => type !== ""),
    dropEffect: "none",
    getData: (format: string) => (format === "application/x-veo-clip" ? clip : text),
  };
  Object.defineProperty(event, kind === "paste" ? "clipboardData" : "dataTransfer", { value: data });
  target.dispatchEvent(event);
  await pass();
  return event.defaultPrevented;
}

export function exampleFile(name: string, changes: { type?: string; size?: number } = {}): File {
  const { type: kind = "image/png", size = 4 } = changes;
  return { name, type: kind, size, arrayBuffer: vi.fn(async () => new ArrayBuffer(4)) } as unknown as File;
}
