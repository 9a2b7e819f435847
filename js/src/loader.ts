// What a model brings along whose kernel has sent the bundle with another one: it takes that, and asks the kernel for it
// where the page has lost it.

import { type Definition, fetchOnce, type Make, openScope, shared } from "./core/bundle";
import { connect, RequestError } from "./core/connection";
import type { Stage } from "./core/stage";

/** Milliseconds in which the model that brought the bundle may still be coming, as after a reload of the page. */
export const GRACE_MS = 500;
/** How a script's text becomes a module; tests have another way. */
export type Load = (script: string) => Promise<void>;

export const asModule: Load = async (script) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    // It shares itself.
    await import(/* @vite-ignore */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
};

export const loader =
  (load: Load): Make =>
  () =>
    shared()?.() ?? later(load);

/** A definition that does what the bundle's does as soon as that is here. */
function later(load: Load): Definition {
  let made: Promise<Definition> | undefined;
  const definition = (model: Stage["model"], signal: AbortSignal) => {
    made ??= find(model, signal, load).then((make) => make());
    // Whoever closes the model while it is looked for takes nothing from others.
    made.catch(() => {
      made = undefined;
    });
    return made;
  };
  const nothing = () => {};

  return {
    initialize({ model, signal: host }) {
      const { signal, end } = openScope(host);
      // Not awaited: a busy kernel would keep the view from being drawn.
      definition(model, signal).then((it) => signal.aborted || it.initialize({ model, signal }), nothing);
      return end;
    },
    render({ model, el, signal: host }) {
      const { signal, end } = openScope(host);
      definition(model, signal).then(
        (it) => signal.aborted || it.render({ model, el, signal }),
        (error) => {
          if (!signal.aborted) el.textContent = `The front end could not be loaded: ${error.message}`;
        },
      );
      return end;
    },
  };
}

async function find(model: Stage["model"], signal: AbortSignal, load: Load): Promise<Make> {
  await new Promise((done) => setTimeout(done, GRACE_MS));
  return shared() ?? fetchOnce(() => fetch(model, signal, load));
}

async function fetch(model: Stage["model"], signal: AbortSignal, load: Load): Promise<void> {
  const request = connect(model, signal);
  for (;;) {
    try {
      const { script, style } = await request("bundle");
      document.head.append(Object.assign(document.createElement("style"), { textContent: String(style) }));
      await load(String(script));
      return;
    } catch (error) {
      // A busy kernel answers in the end.
      if (!(error instanceof RequestError) || error.code !== "timeout") throw error;
    }
  }
}

export default loader(asModule);
