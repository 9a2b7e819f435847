// A bundle that the page has once: it puts itself there when it is loaded, and models that come without it find it.
//
// Which one it is says a mark of its content, which the kernel puts into it and into what is looked for, so that a page
// with kernels of two versions gives neither the other's.

import type { AnyModel } from "@anywidget/types";

const MARK = "@digest@";

export interface Definition {
  initialize: (opening: Opening) => () => void;
  render: (opening: Opening & { el: HTMLElement }) => () => void;
}

export interface Opening {
  model: AnyModel;
  /** Missing in older hosts, which only call the function returned. */
  signal?: AbortSignal;
}

export type Make = () => Definition;

interface Shelf {
  /** What makes a definition for a model. */
  make?: Make;
  /** The one fetching of it, while it goes on. */
  fetching?: Promise<Make>;
}

function shelf(): Shelf {
  const page = globalThis as unknown as Record<symbol, Shelf | undefined>;
  const key = Symbol.for(`veo_nb.bundle.${MARK}`);
  page[key] ??= {};
  return page[key];
}

/** Put a bundle where models of the page find it. */
export function share(make: Make): Make {
  shelf().make = make;
  return make;
}

/** The bundle, if the page has it. */
export function shared(): Make | undefined {
  return shelf().make;
}

/** The bundle, which `fetch` brings into the page; once, however many models want it. */
export function fetchOnce(fetch: () => Promise<void>): Promise<Make> {
  const at = shelf();
  at.fetching ??= fetch()
    .then(() => {
      if (at.make === undefined) throw new Error("What came is not the bundle.");
      return at.make;
    })
    .finally(() => {
      delete at.fetching;
    });
  return at.fetching;
}

/** A signal aborted by the host's own or by calling `end`, whichever comes first. */
export function openScope(host: AbortSignal | undefined): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const end = () => controller.abort();
  host?.addEventListener("abort", end, { once: true, signal: controller.signal });
  return { signal: controller.signal, end };
}
